"""Every rule of the HLS subset has a snippet that breaks it; our own sources and their tops break none."""

from __future__ import annotations

from pathlib import Path

import pytest
import topologies

from blocks.core.hls import render
from blocks.network import available, find_network
from toolchains.hls_subset import lint as hls_lint
from toolchains.hls_subset.lint import Finding, lint
from toolchains.hls_subset.pragmas import objections, table
from toolchains.hls_subset.release import RELEASES, release_header

ROOT = Path(__file__).resolve().parents[3]

GOOD = """
#include "operators/farm_hls.hpp"
void stage(farm::stream<farm::lanes<4, 2> >& a, farm::stream<farm::lanes<4, 2> >& b) {
    beats: for (int i = 0; i < 8; i++) {
#pragma HLS PIPELINE II=1
        b.write(a.read());
    }
}
void top(farm::stream<ap_uint<8> >& x, farm::stream<ap_uint<8> >& w, farm::stream<ap_uint<8> >& y) {
#pragma HLS INTERFACE axis port=x
#pragma HLS INTERFACE axis port=y
#pragma HLS INTERFACE ap_ctrl_none port=return
#pragma HLS DATAFLOW
    farm::stream<farm::lanes<4, 2> > one("one");
#pragma HLS STREAM variable=one depth=2
    farm::stream<farm::lanes<4, 2> > two("two");
    farm::unpack_port<8>(x, one);
    stage(one, two);
    farm::pack_port<8>(two, y);
}
"""


def rules(text: str, release: str | None = None) -> list[str]:
    return [finding.rule for finding in lint(text, "a.hpp", release)]


def test_a_good_top_has_no_findings() -> None:
    assert lint(GOOD, "top.cpp") == []


def inside(*statements: str) -> str:
    return "void f(int n) {\n" + "\n".join(statements) + "\n}\n"


BROKEN = {
    "mutable static": ("mutable-static", inside("static int count = 0;")),
    "mutable static array": ("mutable-static", inside("static int counts[4];")),
    "thread local": ("mutable-static", inside("thread_local int count = 0;")),
    "mutable global": ("mutable-static", "int count = 0;\n"),
    "mutable global in a namespace": ("mutable-static", "namespace farm { int counts[3]; }\n"),
    "mutable static member": ("mutable-static", "struct s { static int count; };\n"),
    "for without a label": ("loop-label", inside("for (int i = 0; i < n; i++) { n--; }")),
    "while without a label": ("loop-label", inside("while (n > 0) { n--; }")),
    "do without a label": ("loop-label", inside("do { n--; } while (n > 0);")),
    "inner loop without a label": ("loop-label", inside("a: for (;;) { for (;;) { n--; } }")),
    "new": ("dynamic-memory", inside("int* p = new int[3];")),
    "delete": ("dynamic-memory", "void f(int* p) { delete[] p; }\n"),
    "malloc": ("dynamic-memory", inside("g(malloc(8));")),
    "std::malloc": ("dynamic-memory library", inside("g(std::malloc(8));")),
    "virtual": ("virtual", "struct s { virtual int f(); };\n"),
    "throw": ("exceptions", inside("throw 1;")),
    "try": ("exceptions", inside("try { g(); } catch (...) { }")),
    "goto": ("goto", inside("again: n--;", "goto again;")),
    "std container": ("library", inside("std::vector<int> v;")),
    "std header": ("library", "#include <vector>\n"),
    "recursion": ("recursion", "int f(int n) { return n ? f(n - 1) : 0; }\n"),
    "mutual recursion": ("recursion", "int g(int n);\nint f(int n) { return g(n); }\nint g(int n) { return f(n); }\n"),
    "template recursion": ("recursion", "template <int N> int f(int n) { return f<N>(n - 1); }\n"),
    "unnamed stream": ("stream-name", inside("farm::stream<int> s;", "a(s);", "b(s);")),
    "stream with an empty name": ("stream-name", inside('farm::stream<int> s("");', "a(s);", "b(s);")),
    "array of streams": ("stream-name", inside("hls::stream<int> s[2];", "a(s);", "b(s);")),
    "syntax": ("syntax", "void f( {\n"),
    "unknown pragma": ("pragma", inside("#pragma HLS PIPELIN II=1")),
    "unknown option": ("pragma", inside("#pragma HLS PIPELINE III=1")),
    "value of an option": ("pragma", inside("#pragma HLS STREAM variable=s depth=1.5")),
    "missing option": ("pragma", inside("#pragma HLS STREAM variable=s")),
    "pragma of one release": ("pragma", inside("#pragma HLS DATA_PACK variable=s")),
    "pragma of other releases": ("pragma", inside("#pragma HLS BIND_STORAGE variable=s type=ram_2p impl=uram")),
    "pragma as an operator": ("pragma", inside('_Pragma("HLS NOTHING");')),
    "pragma in a macro": ("pragma", "#define M(x) FARM_PRAGMA(HLS ARRAY_MAP variable=x)\n"),
    "dataflow in a loop": ("dataflow", inside("a: for (;;) {", "#pragma HLS DATAFLOW", "g(n); }")),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_rule(name: str) -> None:
    rule, text = BROKEN[name]
    assert set(rules(text)) == set(rule.split()), lint(text, "a.hpp")


@pytest.mark.parametrize("name", ["mutable static", "mutable global", "mutable static member"])
def test_state_is_refused_on_the_host_too(name: str) -> None:
    rule, text = BROKEN[name]
    assert rules(f"#ifdef FARM_HOST\n{text}#endif\n") == [rule]


@pytest.mark.parametrize("name", ["new", "std container", "std header", "throw", "virtual", "recursion", "goto"])
def test_the_host_may_do_more(name: str) -> None:
    rule, text = BROKEN[name]
    assert rules(f"#ifdef FARM_HOST\n{text}#endif\n") == []
    assert rules(f"#ifndef FARM_HOST\nint f();\n#else\n{text}#endif\n") == []
    assert rules(f"#ifdef FARM_HOST\nint f();\n#else\n{text}#endif\n") == [rule]
    assert rules(f"#ifndef FARM_HOST\n{text}#endif\n") == [rule]
    assert rules(f"#if !defined(FARM_HOST)\n{text}#endif\n") == [rule]
    assert rules(f"#ifdef SOMETHING\n{text}#endif\n") == [rule]


def test_constants_and_functions_are_no_state() -> None:
    text = """
static const int A = 1;
const int B[2] = {1, 2};
constexpr int C = 3;
static int f(int n) { return n; }
int g(int n);
struct s { static const int count = 2; int lane[3]; static int h(int n) { return n; } };
"""
    assert rules(text) == []


CALLS = {
    "read twice": ("farm::pad<1>(x, one);", "farm::fifo<1, 1>(one, y);", "farm::fifo<1, 1>(one, z);"),
    "written twice": ("farm::pad<1>(x, one);", "farm::pad<1>(w, one);"),
    "never read": ("farm::pad<1>(x, one);",),
    "never written": ("farm::pad<1>(one, y);",),
    "never used": ("farm::pad<1>(x, y);",),
    "both outputs of duplicate": ("farm::duplicate<1>(x, one, one);",),
    "read here": ("farm::pad<1>(x, one);", "stage(one, y);", "y.write(one.read());"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_stream_has_one_producer_and_one_consumer(name: str) -> None:
    text = "\n".join(
        [
            "void stage(farm::stream<int>& a, farm::stream<int>& b) { b.write(a.read()); }",
            "void top(farm::stream<int>& x, farm::stream<int>& w, farm::stream<int>& y, farm::stream<int>& z) {",
            'farm::stream<int> one("one");',
            *CALLS[name],
            "}",
        ]
    )
    findings = lint(text, "top.cpp")
    assert [finding.rule for finding in findings] == ["stream-ends"]
    assert "one" in findings[0].what


BLOCKS = {
    "if": "if (true) {{ {} }}",
    "else": "if (true) {{ }} else {{ {} }}",
    "for": "a: for (int i = 0; i < 2; i++) {{ {} }}",
    "while": "a: while (true) {{ {} }}",
    "do": "a: do {{ {} }} while (true);",
    "switch": "switch (3) {{ case 1: {} break; }}",
    "plain braces": "{{ {{ {} }} }}",
    "preprocessor": "\n#ifdef SOMETHING\n{}\n#endif\n",
}
MIDDLE = 'farm::stream<int> middle("middle"); '


@pytest.mark.parametrize("block", BLOCKS)
def test_streams_in_blocks_have_two_ends(block: str) -> None:
    def found(uses: str) -> list[str]:
        return rules("void f(int x, int y) {" + BLOCKS[block].format(MIDDLE + uses) + "}\n")

    assert found("middle.write(x); y = middle.read();") == []
    assert found("middle << x; middle >> y;") == []
    assert found("g(3); middle.write(x); h(middle);") == []
    assert found("") == ["stream-ends"]
    assert found("middle.write(x);") == ["stream-ends"]
    assert found("middle.write(x); middle.write(x); y = middle.read();") == ["stream-ends"]
    assert found("y = middle.read(); middle.write(x);") == ["stream-order"]


def test_shifts_are_writes_and_reads() -> None:
    uses = "middle.write(x); middle << x; y = middle.read(); middle >> y; middle >> y;"
    findings = lint("void f(int x, int y) { if (true) { " + MIDDLE + uses + " } }\n", "a.hpp")
    assert [finding.what for finding in findings] == [
        "stream middle is read by f itself and f itself and f itself",
        "stream middle is written by f itself and f itself",
    ]


SHIFTS = {
    "written twice": ("middle << x; middle << x;", "stream-ends"),
    "written twice in a chain": ("middle << x << x; middle >> y;", "stream-ends"),
    "read twice in a chain": ("middle << x; middle >> x >> y;", "stream-ends"),
    "in parentheses": ("(middle) << x; middle.write(x); middle >> y;", "stream-ends"),
    "a method in parentheses": ("middle << x; (middle).write(x); middle >> y;", "stream-ends"),
    "an argument in parentheses": ("middle << x; middle >> y; g((middle));", "stream-ends"),
    "in an inner block": ("middle << x; middle >> y; { middle >> y; }", "stream-ends"),
    "never read": ("middle << x;", "stream-ends"),
    "never written": ("middle >> x;", "stream-ends"),
    "read first": ("middle >> y; middle << x;", "stream-order"),
    "shadowed after its use": ("middle << x; middle >> y; { middle >> y; int middle = 3; }", "stream-ends"),
}


@pytest.mark.parametrize("name", SHIFTS)
def test_each_end_is_counted(name: str) -> None:
    uses, rule = SHIFTS[name]
    assert rules("void f(int x, int y) { " + MIDDLE + uses + " }\n") == [rule]


def test_a_stream_parameter_is_not_shifted_both_ways() -> None:
    assert rules("void f(farm::stream<int>& s, int x) { s << x; s >> x; }\n") == ["stream-ends"]
    stage = "void stage(farm::stream<int>& a, farm::stream<int>& b) { int x; a >> x; b << x; }\n"
    top = "void top(farm::stream<int>& x, farm::stream<int>& y) { " + MIDDLE
    assert rules(stage + top + "stage(x, middle); stage(middle, y); }\n") == []
    assert rules(stage + top + "stage(x, middle); stage(y, middle); }\n") == ["stream-ends"]


def test_blocks_may_use_a_name_again() -> None:
    both = "{ " + MIDDLE + "middle << x; middle >> y; }"
    start = "void f(int x, int y) { "
    assert rules(start + both + both + " }\n") == []
    assert rules(start + MIDDLE + "middle << x; middle >> y; " + both + " }\n") == []
    number = "{ int middle = 3; x = middle << 2; y = middle >> 2; }"
    assert rules(start + MIDDLE + "middle << x; middle >> y; " + number + " }\n") == []
    assert rules("void f(farm::stream<int>& middle, int x, int y) { middle >> x; " + number + " }\n") == []
    assert rules(start + both + "{ " + MIDDLE + "middle << x; } }\n") == ["stream-ends"]


def test_numbers_are_shifted_freely() -> None:
    assert rules("int f(int x, int y) { return ((x << 3) >> y) << (y << x); }\n") == []


def test_the_direction_of_our_own_functions_comes_from_their_bodies() -> None:
    backwards = "void stage(farm::stream<int>& out, farm::stream<int>& in) { out.write(in.read()); }\n"
    top = 'void top(farm::stream<int>& x) {{ farm::stream<int> one("one"); {} }}\n'
    assert rules(backwards + top.format("stage(one, x); farm::fifo<1, 1>(one, x);")) == []
    assert rules(backwards + top.format("farm::fifo<1, 1>(x, one); stage(one, x);")) == ["stream-ends"]
    nested = backwards + "void outer(farm::stream<int>& p, farm::stream<int>& q) { stage(p, q); }\n"
    assert rules(nested + top.format("farm::fifo<1, 1>(x, one); outer(one, x);")) == ["stream-ends"]


def test_a_consumer_does_not_come_first() -> None:
    stage, pack = "    stage(one, two);\n", "    farm::pack_port<8>(two, y);\n"
    assert rules(GOOD.replace(stage + pack, pack + stage)) == ["stream-order"]


def test_a_stream_parameter_has_one_direction() -> None:
    assert rules("void f(farm::stream<int>& s) { s.write(s.read()); }\n") == ["stream-ends"]


def test_a_dataflow_function_holds_streams_and_calls_only() -> None:
    assert rules(GOOD.replace("    stage(one, two);", "    if (1) { stage(one, two); }")) == ["dataflow"]


def test_an_axis_port_has_at_most_4096_bits() -> None:
    assert rules(GOOD.replace("ap_uint<8> >& x", "ap_uint<4096> >& x")) == []
    for kind in ("ap_uint<4097> ", "ap_uint<64 * 65>", "farm::lanes<1025, 4> "):
        assert rules(GOOD.replace("ap_uint<8> >& x", f"{kind}>& x")) == ["port-width"]


WIDTHS = {
    "ap_uint<64 * 64> ": None,
    "ap_int<8>": None,
    "const ap_uint<8>": None,
    "farm::uint_t<8>": None,
    "farm::slanes<64, 64>": None,
    "ap_axiu<4096, 0, 0, 0>": None,
    "ap_axis<32,1,1,1>": None,
    "hls::axis<ap_uint<64>, 0, 0, 0>": None,
    "ap_axiu<8192,0,0,0>": "is 8192 bits wide",
    "ap_axis<4097, 1, 1, 1>": "is 4097 bits wide",
    "hls::axis<ap_uint<8192>, 0, 0, 0>": "is 8192 bits wide",
    "farm::lanes<2048, 3 * 2>": "is 12288 bits wide",
    "ap_uint<W*8192>": "cannot be derived from",
    "ap_uint<W>": "cannot be derived from",
    "ap_uint<64 + 8192>": "cannot be derived from",
    "ap_uint<(8192)>": "cannot be derived from",
    "ap_uint<0x2000>": "cannot be derived from",
    "ap_uint<Beat::count * Beat::bits>": "cannot be derived from",
    "ap_uint<8>*": "cannot be derived from",
    "ap_axiu<W, 0, 0, 0>": "cannot be derived from",
    "farm::lanes<4, W>": "cannot be derived from",
    "farm::lanes<4>": "cannot be derived from",
    "pair<ap_uint<8>, 8192>": "cannot be derived from",
    "word": "cannot be derived from",
    "int": "cannot be derived from",
}


@pytest.mark.parametrize("kind", WIDTHS)
def test_the_width_of_an_axis_port_is_read_off_or_refused(kind: str) -> None:
    what = WIDTHS[kind]
    for stream in ("hls::stream", "farm::stream", "stream"):
        findings = lint(GOOD.replace("farm::stream<ap_uint<8> >& x", f"{stream}<{kind} >& x"), "top.cpp")
        assert [finding.rule for finding in findings] == (["port-width"] if what else []), findings
        for finding in findings:
            assert str(what) in finding.what
            assert ("write the width as a number" in finding.remedy) == ("cannot" in str(what))


def test_the_case_of_an_interface_pragma_does_not_matter() -> None:
    wide = GOOD.replace("ap_uint<8> >& x", "ap_uint<W> >& x")
    assert rules(wide.replace("axis port=x", "AXIS PORT = x // the image")) == ["port-width"]


def test_only_axis_ports_need_a_width() -> None:
    template = "template <int W> void f(hls::stream<ap_uint<W * 8192> >& a, stream<ap_axiu<W, 0, 0, 0> >& b)"
    assert rules(template + " { b.write(a.read()); }\n") == []
    assert rules(template + " {\n#pragma HLS INLINE\n b.write(a.read()); }\n") == []
    assert rules(template + " {\n#pragma HLS INTERFACE axis port=a\n b.write(a.read()); }\n") == ["port-width"]


def test_an_axis_port_is_a_parameter() -> None:
    assert rules(GOOD.replace("axis port=y", "axis port=why")) == ["port-name"]


def test_findings_read_well() -> None:
    text = "void f() {\n    farm::stream<int> s;\n#pragma HLS PIPELIN II=1\n    a(s);\n    b(s);\n}\n"
    assert list(map(str, lint(text, "x.hpp"))) == [
        'x.hpp:2: stream-name: stream s is declared without a name; write s("s")',
        "x.hpp:3: pragma: no pragma PIPELIN in docs/hls_pragmas.yaml; write PIPELINE",
    ]


def test_pragmas_by_release() -> None:
    assert objections("HLS DATA_PACK variable=x", "2019.2") == ()
    assert "2020.1" in objections("HLS DATA_PACK variable=x", "2020.1")[0].what
    assert objections("HLS AGGREGATE variable=x", "2025.1") == ()
    assert objections("HLS AGGREGATE variable=x", "2019.2")
    assert objections("once") == ()
    assert objections("HLS")
    assert objections("hls pipeline ii = 1") == ()
    assert objections("HLS INTERFACE m_axi port=x offset=sideways")
    assert objections("HLS PIPELINE off=1")


def test_the_table_is_well_formed() -> None:
    for name, pragma in table().items():
        assert name == name.upper()
        for group in pragma.needs:
            assert {word.lower() for word in group} <= set(pragma.options), name
        for option in pragma.options.values():
            assert option.kind in {"flag", "number", "name", "words"}, name


# Releases that are in no list: newer ones, and one that has not been.
@pytest.mark.parametrize("release", [*RELEASES, "2020.3", "2025.2", "2026.1", "2031.1"])
def test_release_headers_use_pragmas_of_their_release(release: str) -> None:
    assert lint(release_header(release), "farm_release.hpp", release) == []
    other = "2020.1" if release == "2019.2" else "2019.2"
    assert rules(release_header(release), other) == ["pragma", "pragma", "pragma"]


@pytest.mark.parametrize("release", ["2018.3", "2019.1", "2022", "2022.2.1", "hosts", ""])
def test_what_is_no_release_is_named(release: str) -> None:
    with pytest.raises(ValueError, match=repr(release).replace(".", r"\.")):
        release_header(release)


def test_our_sources_are_clean() -> None:
    sources = sorted((ROOT / "blocks").rglob("*.hpp"))
    assert len(sources) >= 12
    assert [str(f) for path in sources for f in lint(path.read_text(), path.name)] == []


@pytest.mark.parametrize("network", [*available(), "every"])
def test_our_rendered_views_are_clean(network: str, tmp_path: Path) -> None:
    """`every` has every type of layer, with zero points, descending channels and factors of a join."""
    file = tmp_path / "every.yaml"
    file.write_text(topologies.every_layer())
    cores = find_network(str(file) if network == "every" else network).cores()
    views = {view.name: view for view in map(render, cores.values())}
    assert len(views) >= 3
    texts = {f"{name}{end}": text for name, v in views.items() for end, text in ((".hpp", v.body), ("_top.cpp", v.top))}
    assert [str(f) for name, text in texts.items() for f in lint(text, name)] == []


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.cpp", tmp_path / "bad.cpp"
    good.write_text(GOOD)
    bad.write_text("int count = 0;\n")
    assert hls_lint.main([str(good)]) == 0
    assert hls_lint.main([str(good), str(bad)]) == 1
    assert "bad.cpp:1: mutable-static" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        hls_lint.main([str(tmp_path / "none.cpp")])
    assert stop.value.code == 2
    assert "none.cpp" in capsys.readouterr().err


def test_findings_sort_by_place() -> None:
    places = [("b", 1), ("a", 9), ("a", 2)]
    found = sorted(Finding(file, line, "r", "", "") for file, line in places)
    assert [(each.file, each.line) for each in found] == sorted(places)
