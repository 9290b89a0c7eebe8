"""The steps that simulate: what each of them reads, and so what makes it run again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.kinds.residual import Residual
from blocks.network import NETWORKS, Network, read_network
from config.problem import ConfigError
from config.settings import Settings, load_settings
from farm.step import Step
from integration.platform import find_platform
from toolchains.choose import find_toolchain
from toolchains.common.build import Build
from toolchains.open.settings import CosimSettings, HwEmuSettings
from toolchains.open.simulation.kernel.links import link_modules
from toolchains.open.toolchain import toolchain_of
from toolchains.toolchain import Toolchain

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(NETWORKS / "digits.yaml")


def toolchain(network: Network, *rooms: HwEmuSettings, target: str = "sw_emu", **settings) -> Toolchain:
    given = replace(Settings.defaults(), rooms=(CosimSettings(**settings), *rooms))
    return toolchain_of(Build("open", ROOT, network, find_platform("u250"), target, 250.0, given))


@pytest.fixture(scope="module")
def steps(network) -> dict[str, Step]:
    its = toolchain(network)
    stimuli = its.step("stimuli")
    assert stimuli is not None
    found = [*its.shared("model"), stimuli, *(its.step("weights", block) for block in network.blocks)]
    found += [its.step("model", block.core()) for block in network.blocks]
    found += [its.step("cosim", block) for block in network.blocks]
    found.append(its.shared("cosim")[0])
    return {step.name: step for step in found}


def readers(steps: dict[str, Step], path: str) -> set[str]:
    return {name for name, step in steps.items() if path in step.sources}


def test_every_source_is_there_or_made(steps) -> None:
    made = {target for step in steps.values() for target in step.targets}
    for step in steps.values():
        for source in step.sources:
            assert source in made or (ROOT / source).is_file(), (step.name, source)


def test_a_model_is_made_of_rtl_and_no_trained_value(steps, network) -> None:
    models = {name for name in steps if name.startswith("model:")}
    assert models == {"model:harness", "model:links", *(f"model:{block.core().name}" for block in network.blocks)}
    assert set(link_modules(network)) <= set(steps["model:links"].argv)
    assert readers(steps, "blocks/operators/label_select/label_select.sv") == {f"model:{network.last.core().name}"}
    assert readers(steps, "toolchains/open/simulation/harness.cpp") == {"model:harness"}
    for name in models:
        # Verilating takes longest of all: it happens again for another text only, not for other Python.
        assert not [source for source in steps[name].sources if source.startswith("blocks/") and source[-3:] != ".sv"]
        assert not [source for source in steps[name].sources if "/weights/" in source or "/stimuli/" in source]


def test_only_models_that_run_briefly_are_compiled_in_a_hurry(steps) -> None:
    """A picture of digits has 64 pixels; the stem of resnet50 gives 112 * 112 pixels, each in at least a cycle."""
    assert all("--brief" in step.argv for name, step in steps.items() if name[:6] == "model:" and name[6:] != "harness")
    large = read_network(NETWORKS / "resnet50.yaml")
    its = toolchain(large)
    (links,) = [step for step in its.shared("model") if step.name == "model:links"]
    models = [links, *(its.step("model", large.cores()[name]) for name in (large.dma.name, "preres", "res5c"))]
    assert not any("--brief" in step.argv for step in models)


def test_a_block_reads_its_own_values(steps) -> None:
    assert readers(steps, "blocks/networks/digits/res3a.npz") == {"weights:res3a", "stimuli:digits", "cosim:res3a"}
    assert readers(steps, "build/digits/open-sw_emu/stimuli/res3a.npy") == {"cosim:res3a"}


def test_the_dma_is_simulated_from_rtl_and_bench(steps) -> None:
    for path in (
        "blocks/dma/read.sv",
        "toolchains/open/simulation/dma/bench.cpp",
        "toolchains/open/simulation/dma/axi_memory.hpp",
    ):
        assert readers(steps, path) == {"cosim:inoutdma"}
    step = steps["cosim:inoutdma"]
    assert "verilator" in {tool.name for tool in step.tools}
    # Of other steps it reads Verilator's library only, which the harness has in it.
    made = [source for source in step.sources if source.startswith("build/")]
    assert made == ["build/digits/open-sw_emu/model/harness/simulation.o"]


def test_only_networks_with_a_data_set_have_held_out_images(network) -> None:
    its = toolchain(replace(network, dataset=None), inputs="mine.npz")
    with pytest.raises(LookupError):
        its.step("stimuli")
    step = its.step("cosim", network.blocks[1])
    assert "mine.npz" in step.sources
    assert not [source for source in step.sources if "/stimuli/" in source]


def test_another_depth_is_a_fact_of_the_model(network) -> None:
    block = network.blocks[1]
    assert isinstance(block, Residual)
    its, trimmed = toolchain(network), replace(block, fifo_depths=(("skip", 99),))
    before, after = (dict(its.step("model", one.core()).facts) for one in (block, trimmed))
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {
        "skip.depth": ("384", "99")
    }


@pytest.mark.parametrize("path", ["nowhere.npz", "/etc/hostname", "../digits.npz"])
def test_images_outside_the_checkout_are_refused(tmp_path, network, path) -> None:
    settings = load_settings(tmp_path, {"cosim": CosimSettings}, [f"cosim.inputs={path}"])
    said = r"command line: cosim.inputs is .*, but the checkout has no such file; put the archive"
    with pytest.raises(ConfigError, match=said):
        find_toolchain(tmp_path, settings, network, find_platform("u250"))


def test_fewer_than_four_images_have_no_interval(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"'cosim.images' cannot be '3'; give at least 4"):
        load_settings(tmp_path, {"cosim": CosimSettings}, ["cosim.images=3"])


def test_a_waveform_changes_only_the_simulations_and_adds_models(steps, network) -> None:
    its = toolchain(network, trace="wave.fst")
    shared = its.shared("model")
    cores = {block.core().name for block in network.blocks}
    more = [step for step in shared if step not in steps.values()]
    assert {step.name for step in more} == {"model:traced_harness", *(f"model:traced_{core}" for core in cores)}
    made = {target for step in (*shared, *steps.values()) for target in step.targets}
    assert len(made) == sum(len(step.targets) for step in (*more, *steps.values())), "no two make one file"
    for block in network.blocks:
        assert its.step("model", block.core()) == steps[f"model:{block.core().name}"]
        simulation, before = its.step("cosim", block), steps[f"cosim:{block.name}"]
        assert set(before.targets) < set(simulation.targets)
        for step in (simulation, *shared):
            for source in step.sources:
                assert source in made or (ROOT / source).is_file(), (step.name, source)


def test_a_waveform_of_the_kernel_adds_models_of_all_parts_and_changes_only_its_run(network) -> None:
    def steps_of(its: Toolchain) -> dict[str, Step]:
        cores = {core.name: core for core in network.cores().values()}
        found = [*its.shared("model"), *(its.step("model", core) for core in cores.values())]
        return {step.name: step for step in (*found, *its.shared("kernel"), its.step("kernel"), its.step("link"))}

    plain, traced = (
        steps_of(toolchain(network, HwEmuSettings(trace=trace, trace_image=2), target="hw_emu"))
        for trace in ("", "wave.fst")
    )
    assert {name for name in plain if plain[name] != traced[name]} == {"kernel:digits"}
    parts = {"harness", "links", *(core.name for core in network.cores().values())}
    assert set(traced) - set(plain) == {"kernel:traced_program", *(f"model:traced_{part}" for part in parts)}
    targets = [target for step in traced.values() for target in (*step.targets, step.log)]
    assert len(targets) == len(set(targets)), "no two make one file"
    program = traced["kernel:traced_program"]
    assert {f"build/digits/open-hw_emu/model/{part}" for part in parts} == {
        str(Path(source).parent) for source in program.sources if "/model/" in source
    }
    assert all(Path(source).name.startswith("traced_") for source in program.sources if "/model/" in source)
    assert program.targets[0] in traced["kernel:digits"].sources


def test_no_compiled_core_is_in_a_simulated_kernel(network) -> None:
    its = toolchain(network, HwEmuSettings(), target="hw_emu")
    for step in (its.step("stitch"), its.step("link"), its.step("kernel"), *its.shared("kernel")):
        assert not [source for source in step.sources if "/hls/" in source], step.name
    assert its.needs_of("res2a") == ("model:res2a", "weights:res2a")


@pytest.mark.parametrize("setting", ["cosim.trace", "hw_emu.trace"])
@pytest.mark.parametrize("file", ["wave.vcd", "wave", "docs"])
def test_a_waveform_in_another_format_is_refused(setting: str, file: str, network) -> None:
    given = load_settings(ROOT, {"cosim": CosimSettings, "hw_emu": HwEmuSettings}, [f"{setting}={file}"])
    with pytest.raises(ConfigError, match=rf"{setting} is .*; give a file that ends with \.fst"):
        find_toolchain(ROOT, given, network, find_platform("u250"))


@pytest.mark.parametrize("file", ["/dev/null/wave.fst", "README.md/waves/wave.fst"])
def test_a_waveform_that_nobody_can_write_is_refused_before_a_step_runs(file: str, network) -> None:
    given = load_settings(ROOT, {"cosim": CosimSettings, "hw_emu": HwEmuSettings}, [f"hw_emu.trace={file}"])
    with pytest.raises(
        ConfigError, match=r"hw_emu\.trace is .*(null|README\.md) is not a folder that you may write into"
    ):
        find_toolchain(ROOT, given, network, find_platform("u250"))


def test_a_waveform_begins_at_an_image_of_the_call(network) -> None:
    words = ["hw_emu.trace=wave.fst", "hw_emu.images=4", "hw_emu.trace_image=4"]
    given = load_settings(ROOT, {"cosim": CosimSettings, "hw_emu": HwEmuSettings}, words)
    with pytest.raises(ConfigError, match=r"trace_image is 4, but hw_emu.images is 4.*; give 0 to 3, or more images"):
        find_toolchain(ROOT, given, network, find_platform("u250"))
