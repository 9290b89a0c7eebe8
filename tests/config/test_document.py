from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.document import Section, load
from config.problem import ConfigError

shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "net.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def messages(section: Section) -> list[str]:
    return [str(problem) for problem in section.problems.items]


def refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, content), name="net.yaml")
    return str(caught.value)


class TestFilesThatCannotBeRead:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no such file; check the name"):
            load(tmp_path / "none.yaml")

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load(tmp_path)

    @pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n"])
    def test_empty(self, tmp_path: Path, content: str) -> None:
        assert refusal(tmp_path, content).startswith("net.yaml:1: is empty;")
        assert load(written(tmp_path, content), may_be_empty=True).keys == ()

    def test_tab(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, "a:\n\tb: 1\n") == ("net.yaml:2: a tab is used for indentation; indent with spaces")

    def test_not_utf8(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, b"a: 1\nb: \xff\n") == "net.yaml:2: byte 0xff is not UTF-8; save the file as UTF-8"

    def test_unprintable(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, b"a: 1\nb: \x07\n").startswith("net.yaml:2: contains the unprintable character U+0007")

    def test_byte_order_mark_is_no_mistake(self, tmp_path: Path) -> None:
        assert load(written(tmp_path, b"\xef\xbb\xbfa: 1\n")).integer("a") == 1

    def test_list_at_the_top(self, tmp_path: Path) -> None:
        assert "found a list of 2" in refusal(tmp_path, "- 1\n- 2\n")

    def test_two_documents(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, "a: 1\n---\nb: 1\n").startswith("net.yaml:2: a second document")

    def test_duplicate_keys_all_at_once_and_nested(self, tmp_path: Path) -> None:
        text = refusal(tmp_path, "a: 1\nb:\n  - c: 1\n    c: 2\na: 3\n")
        assert text.splitlines() == [
            "net.yaml:4: key 'c' is given twice, first in line 3; keep one of them",
            "net.yaml:5: key 'a' is given twice, first in line 1; keep one of them",
        ]

    def test_merge_key(self, tmp_path: Path) -> None:
        assert "merge keys" in refusal(tmp_path, "a: &x {b: 1}\nc:\n  <<: *x\n")

    def test_undefined_alias(self, tmp_path: Path) -> None:
        assert "undefined alias 'x'" in refusal(tmp_path, "a: *x\n")

    def test_key_that_is_no_word(self, tmp_path: Path) -> None:
        assert "a key must be a word, found a list of 2" in refusal(tmp_path, "? [a, b]\n: 1\n")

    def test_python_tag_creates_nothing(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, 'a: !!python/object/apply:os.system ["false"]\n'))
        assert section.text("a") == ""
        assert not section.ok

    @pytest.mark.slow
    def test_deep_nesting(self, tmp_path: Path) -> None:
        assert "nested" in refusal(tmp_path, "a: " + "[" * 200 + "]" * 200 + "\n")
        assert "nested" in refusal(tmp_path, "a: " + "[" * 50_000 + "]" * 50_000 + "\n")

    def test_nested_aliases_cost_nothing(self, tmp_path: Path) -> None:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
        section = load(written(tmp_path, "\n".join(lines)))
        assert section.texts("a39") == ()
        assert len(section.problems) == 9  # one per item of the list that was asked for, and no more

    def test_alias_of_itself(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "a: &a [*a, 1]\n"))
        assert section.integers("a") == ()
        assert messages(section)[0].endswith("found a list of 2; write it in plain digits")


class TestGetters:
    def test_values(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "t: word\ni: 0x1F\nn: 1e3\nf: true\nl: [1, 2]\nw: [a, 'b']\ns: {k: 1}\n"))
        assert (section.text("t"), section.integer("i"), section.number("n")) == ("word", 31, 1000.0)
        assert (section.flag("f"), section.integers("l", length=2), section.texts("w")) == (True, (1, 2), ("a", "b"))
        assert section.section("s").integer("k") == 1
        section.finish()
        assert section.ok
        assert len(section.problems) == 0

    def test_defaults(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "n:\n"))
        assert section.integer("a", default=7) == 7
        assert section.integer("n", default=None) is None
        assert section.section("b", default=None) is None
        assert section.ok

    @pytest.mark.parametrize(
        ("written_value", "getter", "message"),
        [
            ("5", "text", "'k' must be a text, found '5'; put it in quotes"),
            ("yes", "text", "'k' must be a text, found the truth value 'yes'; put it in quotes"),
            ("", "text", "'k' must be a text, found nothing; give a text"),
            ("[1]", "text", "'k' must be a text, found a list of 1; give a text"),
            ("true", "integer", "'k' must be a whole number, found the truth value 'true'; write it in plain digits"),
            ("010", "integer", "'k' must be a whole number, found '010'; write it in plain digits"),
            ("1:30", "integer", "'k' must be a whole number, found '1:30'; write it in plain digits"),
            ("1.0", "integer", "'k' must be a whole number, found '1.0'; write it in plain digits"),
            ("'3'", "integer", "'k' must be a whole number, found the text '3'; write it in plain digits"),
            (".nan", "number", "'k' must be a number, found '.nan'; write it as 1, 0.5 or 1e3"),
            ("1e999", "number", "'k' must be a number, found the text '1e999'; write it as 1, 0.5 or 1e3"),
            ("on", "flag", "'k' must be true or false, found the truth value 'on'; write true or false"),
            ("3", "integers", "'k' must be a list, found '3'; write it as [a, b]"),
            (
                "[1, x]",
                "integers",
                "item 2 of 'k' must be a whole number, found the text 'x'; write it in plain digits",
            ),
            ("3", "section", "'k' must be a mapping of keys, found '3'; write 'key: value' lines below it"),
            ("{a: 1}", "sections", "'k' must be a list, found a mapping of 1 keys; begin each item with '- '"),
        ],
    )
    def test_wrong_type(self, tmp_path: Path, written_value: str, getter: str, message: str) -> None:
        section = load(written(tmp_path, f"first: 1\nk: {written_value}\n"), name="net.yaml")
        getattr(section, getter)("k")
        assert messages(section) == [f"net.yaml:2: {message}"]
        assert not section.ok

    def test_limits(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "a: 0\nb: 9\nc: 5\nd: [1, 0]\ne: [1]\nf: 0.5\n"), name="net.yaml")
        # Every stand-in keeps the limits, so that callers can go on computing with it.
        assert section.integer("a", minimum=1) == 1
        assert section.integer("b", maximum=8) == 8
        assert section.integer("c", choices=(2, 4)) in (2, 4)
        assert section.integers("d", minimum=1) == ()
        assert section.integers("e", length=2, minimum=3) == (3, 3)
        assert section.number("f", minimum=1.0) == 1.0
        assert messages(section) == [
            "net.yaml:1: 'a' is 0; give at least 1",
            "net.yaml:2: 'b' is 9; give at most 8",
            "net.yaml:3: 'c' cannot be 5; choose one of 2, 4",
            "net.yaml:4: item 2 of 'd' is 0; give at least 1",
            "net.yaml:5: 'e' has 1 values; give 2",
            "net.yaml:6: 'f' is 0.5; give at least 1",
        ]

    def test_each_number_beyond_a_limit_is_named_in_its_line(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "a:\n- 1\n- 9\n- 0\n"), name="net.yaml")
        assert section.integers("a", length=3, minimum=1, maximum=8) == (1, 1, 1)
        assert messages(section) == [
            "net.yaml:3: item 2 of 'a' is 9; give at most 8",
            "net.yaml:4: item 3 of 'a' is 0; give at least 1",
        ]

    def test_one_number_stands_for_a_pair(self, tmp_path: Path) -> None:
        section = load(
            written(tmp_path, "a: 3\nb: [3, 1]\nc: [1, 2, 3]\nd: [0, 2]\ne: [2, 9]\nf: 9\ng: x\nh: [1, y]\n"),
            name="net.yaml",
        )
        assert section.pair("a", minimum=1, maximum=8) == (3, 3)
        assert section.pair("b", minimum=1, maximum=8) == (3, 1)
        assert section.pair("no", default=(2, 1), minimum=1, maximum=8) == (2, 1)
        assert [section.pair(key, minimum=1, maximum=8) for key in "cdegh"] == [(1, 1)] * 5
        assert section.pair("f", minimum=1, maximum=8) == (1, 1)
        assert [each.partition(":")[2] for each in messages(section)] == [
            "3: 'c' has 3 values; give 2",
            "4: item 1 of 'd' is 0; give at least 1",
            "5: item 2 of 'e' is 9; give at most 8",
            "6: 'f' is 9; give at most 8",
            "7: 'g' must be a whole number, found the text 'x'; write it in plain digits",
            "8: item 2 of 'h' must be a whole number, found the text 'y'; write it in plain digits",
        ]

    def test_missing_unknown_and_choices_name_the_remedy(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "blocks:\n  - kind: residal\n    strid: 2\n"), name="net.yaml")
        (block,) = section.sections("blocks")
        block.text("kind", choices=("residual", "stem"))
        block.integer("stride", default=1)
        block.integer("pe")
        block.finish()
        section.finish()
        assert messages(section) == [
            "net.yaml:2: 'kind' cannot be 'residal'; did you mean 'residual'?",
            "net.yaml:2: 'pe' is missing in 'blocks'; add 'pe:'",
            "net.yaml:3: unknown key 'strid' in 'blocks'; did you mean 'stride'?",
        ]
        assert section.ok
        assert not block.ok

    def test_named_sections_keep_order_and_lines(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "m:\n  z: {a: 1}\n  on: {a: 2}\n  b: 3\n"), name="net.yaml")
        named = section.named_sections("m")
        assert {name: sub.integer("a") for name, sub in named.items()} == {"z": 1, "on": 2}
        assert [sub.line("a") for sub in named.values()] == [2, 3]
        assert messages(section) == [
            "net.yaml:4: 'b' must be a mapping of keys, found '3'; write 'key: value' lines below it"
        ]

    def test_missing_mapping_is_reported_once(self, tmp_path: Path) -> None:
        section = load(written(tmp_path, "a: 1\n"), name="net.yaml")
        inner = section.section("b")
        inner.integer("c")
        inner.finish()
        assert messages(section) == ["net.yaml:1: 'b' is missing; add 'b:'"]


scalars = st.one_of(st.integers(-(10**9), 10**9), st.booleans(), st.text("abc :#'\"\\é-[]{}", max_size=8))
documents = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=6),
    st.one_of(scalars, st.lists(st.integers(0, 99), max_size=4)),
    min_size=1,
)


@shared_folder
@given(documents)
def test_reads_back_what_another_program_wrote(tmp_path: Path, document: dict[str, object]) -> None:
    section = load(written(tmp_path, yaml.safe_dump(document, allow_unicode=True, sort_keys=False)))
    assert section.keys == tuple(document)
    for key, value in document.items():
        if isinstance(value, bool):
            assert section.flag(key) is value
        elif isinstance(value, int):
            assert section.integer(key) == value
        elif isinstance(value, str):
            assert section.text(key) == value
        else:
            assert section.integers(key) == tuple(value)
    section.finish()
    assert section.ok


@shared_folder
@given(st.one_of(st.binary(max_size=60), st.text("ab:-[]{}&*!|>%@`\"'#\n\t ,?<0", max_size=60).map(str.encode)))
def test_any_bytes_give_values_or_a_config_error(tmp_path: Path, content: bytes) -> None:
    try:
        section = load(written(tmp_path, content), name="net.yaml")
    except ConfigError as error:
        assert error.problems
        assert all(problem.remedy for problem in error.problems)
        return
    for key in section.keys:
        for getter in (
            "text",
            "integer",
            "number",
            "flag",
            "integers",
            "texts",
            "section",
            "sections",
            "named_sections",
        ):
            getattr(section, getter)(key, default=None)
    section.finish()


def _tree(node: yaml.Node | None) -> object:
    """A node with its tag and line, as plain values."""
    if node is None:
        return None
    line = node.start_mark.line
    if isinstance(node, yaml.MappingNode):
        return node.tag, line, [(_tree(key), _tree(value)) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return node.tag, line, [_tree(each) for each in node.value]
    return node.tag, line, node.value


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML has no libyaml")
@pytest.mark.parametrize("seed", range(40))
def test_both_scanners_read_the_same(seed: int) -> None:
    """A text that libyaml takes has the nodes and lines that the scanner in Python finds."""
    chosen = random.Random(seed)
    text = (Path(__file__).parents[2] / "platform" / "u250.yaml").read_text()
    for _ in range(chosen.randrange(4)):
        at = chosen.randrange(len(text))
        text = text[:at] + chosen.choice(["", " ", ":", "- ", "\n", "'", "{", "]", "#", "&a ", "é"]) + text[at + 1 :]
    try:
        fast = _tree(yaml.CSafeLoader(text).get_single_node())
    except yaml.YAMLError:
        return
    assert fast == _tree(yaml.SafeLoader(text).get_single_node())
