"""Gates read, print and judge; a gate without a value has failed and says who supplies it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.problem import ConfigError
from config.settings import load_settings
from reports.reading.number import Below
from reports.summary.gates import Gate, GateError, Measured, Outcome, check, gates_of, parse_gate

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of reports is not here")


def outcome(text: str, value: object, share: object = None) -> Outcome:
    gate = parse_gate(text)
    (result,) = check([gate], {gate.key: Measured(value, share, "a.rpt")})  # type: ignore[arg-type]
    return result


@pytest.mark.parametrize("text", ["wns_ns >= 0", "slr0.lut <= 75 %", "fps >= 2000", "res3b.bram_tiles <= 40"])
def test_a_gate_prints_itself(text: str) -> None:
    assert str(parse_gate(text)) == text
    assert str(parse_gate(f"  {text.replace(' ', '')} ")) == text


@given(
    st.sampled_from([None, "slr3", "res2a"]),
    st.sampled_from(["luts", "uram", "dsps"]),
    st.sampled_from(["<=", ">="]),
    st.integers(-(10**9), 10**9),
    st.integers(0, 999),
    st.booleans(),
)
def test_text_and_gate_are_one(
    scope: str | None, name: str, relation: str, whole: int, part: int, percent: bool
) -> None:
    gate = Gate(scope, name, relation, float(f"{whole}.{part:03d}"), percent)
    assert parse_gate(str(gate)) == gate


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wns_ns", "'wns_ns' is not a valid gate"),
        ("wns_ns == 0", "a gate cannot use '=='; use <= or >="),
        ("wsn_ns >= 0", "there is no quantity 'wsn_ns'; did you mean 'wns_ns'"),
        ("fps >= 50 %", "'fps' has no share in percent"),
        ("slr0.fps >= 1", "an SLR has no 'fps'"),
        ("res2x.luts <= 1", "there is no block 'res2x'; did you mean 'res2"),
        ("res2a.power_w <= 1", "a block has no 'power_w' of its own"),
        ("luts <= 1e9", "is not a valid gate"),
    ],
)
def test_what_is_no_gate(text: str, message: str) -> None:
    with pytest.raises(GateError) as error:
        parse_gate(text, ["res2a", "res2b"])
    assert message in str(error.value)


def test_which_by_how_much_and_where() -> None:
    assert str(outcome("wns_ns >= 0", -0.071)) == "wns_ns >= 0: failed, -0.071, 0.071 below (a.rpt)"
    assert str(outcome("slr0.lut <= 75 %", 9, 81.5)) == "slr0.lut <= 75 %: failed, 81.5 %, 6.5 % above (a.rpt)"
    assert str(outcome("luts <= 40", 30)) == "luts <= 40: passed, 30, 10 to spare (a.rpt)"
    assert outcome("luts <= 40", 40).passed
    assert "1576074, 76074 above" in str(outcome("luts <= 1500000", 1_576_074))
    assert outcome("wns_ns >= 0", 0.0).passed


def test_no_value_fails_and_names_its_supplier() -> None:
    expected = {
        "wns_ns >= 0": "doit link",
        "slr0.lut <= 75 %": "doit link",
        "fps >= 1": "doit kernel",
        "latency_cycles <= 1": "doit kernel",
        "res3b.bram_tiles <= 40": "doit ooc:res3b",
        "res3b.fps >= 2": "doit cosim:res3b",
        "res3b.wns_ns >= 0": "doit ooc:res3b",
    }
    for text, task in expected.items():
        (result,) = check([parse_gate(text)], {})
        assert not result.passed
        assert str(result) == f"{text}: failed, no value: `{task}` supplies it"


def test_an_infinite_slack_and_a_bound_prove_nothing() -> None:
    assert not outcome("wns_ns >= 0", float("inf")).passed
    assert outcome("wns_ns >= 0", float("inf")).value is None
    assert not outcome("wns_ns >= 0", float("nan")).passed
    assert outcome("luts <= 1 %", 3, Below(0.01)).passed
    assert not outcome("luts <= 0.001 %", 3, Below(0.01)).passed
    assert not outcome("luts >= 0.001 %", 3, Below(0.01)).passed
    assert not outcome("luts <= 1 %", 3, None).passed


def test_a_value_that_only_another_build_has() -> None:
    gates = [parse_gate("wns_ns >= 0"), parse_gate("res2a.luts <= 4")]
    slack, luts = check(gates, {}, {"wns_ns": "link target=hw", "luts": "link target=hw_emu"})
    assert "no value: `doit link target=hw` supplies it" in str(slack)
    assert "`doit ooc:res2a` supplies it" in str(luts), "a block's are those of its own task"


def test_gates_of_the_settings(tmp_path) -> None:
    (tmp_path / "farm.yaml").write_text("network: digits\ngates: [fps >= 2000, res9.lut <= 4, fqs >= 1]\n")
    with pytest.raises(ConfigError) as error:
        gates_of(load_settings(tmp_path, {}), ["res2a"])
    assert [(problem.file, problem.line) for problem in error.value.problems] == [("farm.yaml", 2)] * 2
    assert "'res9'" in error.value.problems[0].what and "'fqs'" in error.value.problems[1].what
