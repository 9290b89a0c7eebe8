"""HLS co-simulation: what counts as a pass, the step on the stand-in, and a bench of several images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blocks.network import find_network
from reports.hls import cosim as hls_cosim
from reports.reading import source
from toolchains.vitis.hls.run_cosim import verdict
from toolchains.vitis.render_scripts import toolchain_for
from toolchains.vitis.tools.tool import ToolError

# The lines as logs of the tool have them.
CSIM = "INFO: [SIM 211-1] CSim done with 0 errors."
PASS = "INFO: [COSIM 212-1000] *** C/RTL co-simulation finished: PASS ***"
FAIL = "ERROR: [COSIM 212-4] *** C/RTL co-simulation finished: FAIL ***"
# Layout of public reports of 2019.2.
WIDE, THREE = "-" * 47, "|".join(f"{word:^15}" for word in ("min", "avg", "max"))
REPORT = f"""\
Report time       : Sun Mar 20 17:27:39 UTC 2022.
Solution          : solution1.
Simulation tool   : xsim.

+----------+----------+{WIDE}+{WIDE}+
|          |          |{"Latency":^47}|{"Interval":^47}|
+   RTL    +  Status  +{WIDE}+{WIDE}+
|          |          |{THREE}|{THREE}|
+----------+----------+{WIDE}+{WIDE}+
|      VHDL|        NA|{"|".join(["             NA"] * 6)}|
|   Verilog|STATUS|            517|            543|            544|            491|            517|            518|
+----------+----------+{WIDE}+{WIDE}+
"""


def report(status: str) -> hls_cosim.Cosim:
    return hls_cosim.parse(REPORT.replace("STATUS", f"{status:>10}"), "x_cosim.rpt")


def test_all_three_agree() -> None:
    found = verdict(f"{CSIM}\n{PASS}\n", report("Pass"))
    assert (found.latency_cycles.max, found.interval_cycles.max) == (544, 518)


@pytest.mark.parametrize(
    ("printed", "status", "said"),
    [
        (f"{CSIM}\n{FAIL}", "Fail", "did not print COSIM 212-1000 PASS"),
        (f"{CSIM}\n{FAIL}", "Pass", "did not print COSIM 212-1000 PASS"),
        (f"{CSIM}\n", "Pass", "did not print COSIM 212-1000 PASS"),
        (f"{CSIM}\n{PASS}", "Fail", "says Fail"),
        (f"{CSIM}\n{PASS}", "NA", "names no simulated language"),
        (f"{CSIM}\n{PASS.replace('PASS', 'FAIL')}", "Pass", "did not print COSIM 212-1000 PASS"),
        (PASS, "Pass", "C simulation"),
    ],
)
def test_one_of_them_is_not_enough(printed: str, status: str, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        verdict(printed, report(status))


def test_reports_of_public_projects(pytestconfig: pytest.Config) -> None:
    corpus = pytestconfig.rootpath.parent / "shared" / "reports_corpus" / "hls_cosim"
    if not corpus.is_dir():
        pytest.skip("the corpus of reports is not here")
    seen = set()
    for path in sorted(corpus.iterdir()):
        found = hls_cosim.parse(source.read(path), path.name)
        seen.add(found.passed)
        if found.passed:
            verdict(f"{CSIM}\n{PASS}\n", found)
        else:
            with pytest.raises(ToolError):
                verdict(f"{CSIM}\n{PASS}\n", found)
    assert {True, False} <= seen


def block(name: str):  # type: ignore[no-untyped-def]
    return next(each for each in find_network("digits").blocks if each.name == name)


@pytest.mark.parametrize(("view", "program"), [("rtl", "open.simulation.cosim"), ("hls", "vitis.hls.run_cosim")])
def test_the_view_says_who_simulates(view: str, program: str) -> None:
    step = toolchain_for(find_network("digits"), "2022.2", view).step("cosim", block("postres"))
    assert step.argv[2] == f"toolchains.{program}"


@pytest.mark.parametrize("release", ["2019.2", "2022.2", "2025.1"])
def test_a_block_in_view_hls(machine, release: str) -> None:  # type: ignore[no-untyped-def]
    here = machine(release)
    toolchain = here.toolchain("vitis.view=hls")
    core = block("res2b").core()
    assert here.run(toolchain.step("hls", core)) is None
    step = toolchain.step("cosim", block("res2b"))
    assert here.run(step) is None
    values = json.loads((here.checkout / "build/digits/vitis-hw/cosim/res2b/values.json").read_text())
    assert values["core"] == core.name
    assert values["view"] == "hls"
    assert values["tool"].endswith(f"{release} (stand-in)")
    assert values["images"] == 2
    # 8 x 8 pixels of 64 channels leave digits' res2b, twice.
    (leaving,) = core.graph.outputs
    assert values["elements_compared"] == 2 * leaving.stream.elements
    shown = hls_cosim.parse((here.checkout / "build/digits/vitis-hw/cosim/res2b/cosim.rpt").read_text())
    assert values["latency_cycles"] == shown.runs[-1].latency_cycles.max


def test_a_mismatch_is_the_source_s(machine) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    toolchain = here.toolchain("vitis.view=hls")
    assert here.run(toolchain.step("hls", block("postres").core())) is None
    here.fault("vitis_hls@cosim_design:cosim")
    step = toolchain.step("cosim", block("postres"))
    failure = here.run(step)
    assert failure is not None
    assert failure.kind == "source"
    assert not (here.checkout / step.outputs[0].target).exists()


def test_a_report_that_was_cut_off(machine) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    toolchain = here.toolchain("vitis.view=hls")
    assert here.run(toolchain.step("hls", block("postres").core())) is None
    here.fault("vitis_hls@cosim_design:truncate")
    assert here.run(toolchain.step("cosim", block("postres"))) is not None


def test_the_depths_are_those_of_the_exported_core(machine) -> None:  # type: ignore[no-untyped-def]
    here = machine()
    toolchain = here.toolchain("vitis.view=hls")
    step = toolchain.step("cosim", block("res2b"))
    (header,) = (item for item in step.inputs if item.path.endswith(f"{block('res2b').core().name}.hpp"))
    assert header.source in {output.target for output in toolchain.step("hls", block("res2b").core()).outputs}


def test_trimmed_depths_cannot_come_from_it(tmp_path: Path) -> None:
    from toolchains.open.simulation.fifo_trim import TrimError, trim

    for name in ("res2a", "res2b", "res3a", "res3b"):
        (tmp_path / "cosim" / name).mkdir(parents=True)
        (tmp_path / "cosim" / name / "values.json").write_text(json.dumps({"core": block(name).core().name}))
    with pytest.raises(TrimError, match="HLS co-simulation measures none"):
        trim(tmp_path, ".", find_network("digits"))
