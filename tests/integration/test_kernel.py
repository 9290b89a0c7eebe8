"""The kernel's descriptions: against the reference design's own kernel.xml, and read by unmodified PYNQ."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from blocks.network import find_network
from integration.design import kernel_of
from integration.kernel import Kernel, embedded_metadata, kernel_xml
from integration.package import package
from integration.platform import find_platform
from runtime.formats import emulation_data, xclbin
from runtime.formats.manifest import Argument, Manifest, Parameters

HANDOFF = Path(__file__).resolve().parents[2] / "../shared/reports_corpus/handoff"


def attributes(text: str, tag: str) -> list[dict[str, object]]:
    """The attributes of all elements of a tag; numbers in any notation are numbers."""

    def value(word: str) -> object:
        try:
            return int(word, 0)
        except ValueError:
            return word

    return [{key: value(word) for key, word in each.attrib.items()} for each in ElementTree.fromstring(text).iter(tag)]


def test_equals_the_reference_designs_own(reference) -> None:
    path = HANDOFF / "rtl_resnet50_pynq_kernel.xml"
    if not path.exists():
        pytest.skip("the reference kernel.xml (../shared/reports_corpus) is not here")
    theirs, ours = path.read_text(), kernel_xml(kernel_of(reference.network))
    # PYNQ makes Python parameters of the names, and `in` is a keyword: HLS itself writes in_r and out_r.
    renamed = [{**each, "name": {"in": "in_r", "out": "out_r"}.get(each["name"], each["name"])}
               for each in attributes(theirs, "arg")]  # fmt: skip
    assert attributes(ours, "arg") == renamed
    assert attributes(ours, "port") == attributes(theirs, "port")
    ((given,), (made,)) = attributes(theirs, "kernel"), attributes(ours, "kernel")
    assert {key: made[key] for key in given} == given
    assert made["hwControlProtocol"] == "ap_ctrl_hs"


def test_registers_by_hand() -> None:
    """ap_ctrl_hs takes 0x00 to 0x0F; a 64 bit pointer takes 12 bytes with its reserved word."""
    found = {each["name"]: (each["offset"], each["size"], each["id"]) for each in attributes(_xml(), "arg")}
    assert found == {"in_r": (0x10, 8, 0), "out_r": (0x1C, 8, 1), "weightsmem": (0x28, 8, 2), "numReps": (0x34, 4, 3)}


def _xml() -> str:
    return kernel_xml(kernel_of(find_network("digits")))


def test_widths_of_the_memory_ports() -> None:
    # digits: an image has 64 bytes, the weights 10 x 128: both are whole numbers of 64 byte words.
    assert [(each["name"], each["dataWidth"]) for each in attributes(_xml(), "port")] == [
        ("M_AXI_GMEM0", 512), ("M_AXI_GMEM1", 32), ("M_AXI_GMEM2", 512), ("S_AXI_CONTROL", 32),
    ]  # fmt: skip


def test_description_reads_back() -> None:
    kernel = kernel_of(find_network("digits"))
    assert Kernel.from_description(json.loads(json.dumps(kernel.describe()))) == kernel


@pytest.fixture
def packaged(tmp_path, xrt_agrees) -> Path:
    """An xclbin of digits with a payload that is no program."""
    network, platform = find_network("digits"), find_platform("u250")
    kernel = kernel_of(network)
    parts = {emulation_data.PAYLOAD: b"none", emulation_data.MEMORIES: b""}
    manifest = Manifest(
        network="digits", kernel=kernel.name, instance=kernel.instance, toolchain="open", target="sw_emu", view="hls",
        parameters=Parameters("stand-in", "0" * 64), clock_mhz=250.0,
        arguments=tuple(
            Argument(each.name, each.shape, each.dtypes, each.direction, each.per, platform.tags(each.name))
            for each in kernel.arguments
        ),
        parts={name: hashlib.sha256(data).hexdigest() for name, data in parts.items()},
    )  # fmt: skip
    path = tmp_path / "digits.xclbin"
    xclbin.write(package(platform, kernel, manifest, parts, 250.0), path)
    xrt_agrees(path)
    return path


class TestUnmodifiedPynq:
    @pytest.fixture
    def parsed(self, packaged):
        parser = pytest.importorskip("pynq.pl_server.xclbin_parser")
        return parser.XclBin(str(packaged))

    @pytest.mark.slow
    def test_memories(self, parsed) -> None:
        names = {*(f"bank{n}" for n in range(4)), *(f"PLRAM[{n}]" for n in range(4))}
        assert set(parsed.mem_dict) == names
        assert {name for name in names if parsed.mem_dict[name]["used"]} == {"bank0", "PLRAM[0]"}
        assert parsed.mem_dict["bank0"]["size"] == 16 * 2**30
        assert parsed.mem_dict["bank1"]["base_address"] == 0x5000000000

    @pytest.mark.slow
    def test_compute_unit(self, parsed) -> None:
        assert list(parsed.ip_dict) == ["digits_1"]
        unit = parsed.ip_dict["digits_1"]
        assert (unit["phys_addr"], unit["addr_range"], unit["type"]) == (0x1800000, 0x1000, "xilinx.com:hls:digits:1.0")
        registers = unit["registers"]
        offsets = {name: registers[name]["address_offset"] for name in ("in_r", "out_r", "weightsmem", "numReps")}
        assert offsets == {"in_r": 0x10, "out_r": 0x1C, "weightsmem": 0x28, "numReps": 0x34}
        assert [registers[name]["memory"] for name in ("in_r", "out_r")] == ["bank0", "bank0"]
        # Several banks are "MBG"; "memory" is then the last of them.
        assert registers["weightsmem"]["MBG"] == ["bank0", "PLRAM[0]"]
        assert registers["numReps"].get("memory") is None

    def test_clocks(self, parsed) -> None:
        assert {each["name"]: each["frequency"] for each in parsed.clock_dict.values()} == {
            "DATA_CLK": 250, "KERNEL_CLK": 500,
        }  # fmt: skip


def test_metadata_says_what_is_emulated() -> None:
    kernel, platform = kernel_of(find_network("digits")), find_platform("u250")
    cores = {target: attributes(embedded_metadata(kernel, platform, target, 250.0), "core")[0]["target"]
             for target in ("sw_emu", "hw_emu", "hw")}  # fmt: skip
    assert cores == {"sw_emu": "csim", "hw_emu": "hw_em", "hw": "bitstream"}
    (place,) = attributes(embedded_metadata(kernel, platform, "sw_emu", 250.0), "platform")
    assert (place["vendor"], place["boardid"], place["name"]) == ("xilinx", "u250", "xdma")
