"""The packaged kernel is read back: a description with one wrong fact is refused, whatever the fact is."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.kernel import Argument, Kernel
from toolchains.vitis.stitch.packaged_kernel import refuse_another_kernel
from toolchains.vitis.tools.tool import ToolError


def argument(name: str, index: int, offset: int) -> Argument:
    return Argument(name, index, offset, f"M_AXI_GMEM{index}", 512, (8,), ("uint8",), "in", "image")


# Offsets: the map of HLS for pointers of 64 bits (AMD UG1399, "S_AXILITE control register map").
KERNEL = Kernel("k", (argument("in_r", 0, 0x10), argument("out_r", 1, 0x1C)))
REGISTERS = (
    ("CTRL", 0x00, 32, ""),
    ("GIER", 0x04, 32, ""),
    ("IP_IER", 0x08, 32, ""),
    ("IP_ISR", 0x0C, 32, ""),
    ("in_r", 0x10, 64, "m_axi_gmem0"),
    ("out_r", 0x1C, 64, "m_axi_gmem1"),
    ("numReps", 0x28, 32, ""),
)


def parameters(**values: str) -> str:
    each = "".join(f"<s:parameter><s:name>{n}</s:name><s:value>{v}</s:value></s:parameter>" for n, v in values.items())
    return f"<s:parameters>{each}</s:parameters>"


def description() -> str:
    """As Vivado's packager nests it (IEEE 1685-2009; `component.xml` of public kernels)."""
    masters = "".join(
        f"<s:busInterface><s:name>m_axi_gmem{index}</s:name><s:master/>"
        + parameters(PROTOCOL="AXI4", MAX_BURST_LENGTH="64", NUM_READ_OUTSTANDING="32", NUM_WRITE_OUTSTANDING="32")
        + "</s:busInterface>\n"
        for index in range(2)
    )
    registers = "".join(
        f"<s:register><s:name>{name}</s:name><s:addressOffset>{offset:#05x}</s:addressOffset>"
        f'<s:size s:format="long">{bits}</s:size>{parameters(ASSOCIATED_BUSIF=master) if master else ""}</s:register>\n'
        for name, offset, bits, master in REGISTERS
    )
    return (
        '<s:component xmlns:s="http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"><s:vendor>xilinx.com</s:vendor>'
        "<s:library>hls</s:library><s:name>k</s:name><s:version>1.0</s:version>\n"
        f"<s:busInterfaces>{masters}<s:busInterface><s:name>s_axi_control</s:name>"
        '<s:slave><s:memoryMapRef s:memoryMapRef="s_axi_control"/></s:slave></s:busInterface></s:busInterfaces>\n'
        "<s:memoryMaps><s:memoryMap><s:name>s_axi_control</s:name><s:addressBlock><s:name>reg0</s:name>"
        f"<s:range>4096</s:range>\n{registers}</s:addressBlock></s:memoryMap></s:memoryMaps>\n"
        "<s:model><s:views><s:view><s:name>xilinx_verilogbehavioralsimulation</s:name><s:modelName>k_wrapper</s:modelName>"
        "<s:fileSetRef><s:localName>simulation_set</s:localName></s:fileSetRef></s:view></s:views></s:model>\n"
        "<s:fileSets><s:fileSet><s:name>simulation_set</s:name><s:file><s:name>k_funcsim.v</s:name></s:file></s:fileSet>"
        "</s:fileSets></s:component>"
    )


def judge(text: str, folder: Path) -> None:
    (folder / "component.xml").write_text(text)
    refuse_another_kernel(KERNEL, folder / "component.xml")


def test_the_kernel_as_it_should_be_is_taken(tmp_path: Path) -> None:
    judge(description(), tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("<s:library>hls", "<s:library>other", "xilinx.com:other:k:1.0"),
        ("0x01c", "0x018", "register out_r is at 0x18"),
        ("0x00c", "0x000", "register IP_ISR is at 0x0"),
        ('28</s:addressOffset><s:size s:format="long">32', '28</s:addressOffset><s:size s:format="long">64', "64 bits"),
        ("<s:value>m_axi_gmem1", "<s:value>m_axi_gmem0", "out_r is at 0x1c with 64 bits for m_axi_gmem0"),
        ("<s:name>GIER", "<s:name>GIE", "register GIER is absent"),
        ("<s:range>4096", "<s:range>65536", "65536 bytes"),
        ('memoryMapRef s:memoryMapRef="s_axi_control"', 'memoryMapRef s:memoryMapRef="other"', "no memory map"),
        ("<s:value>64<", "<s:value>16<", "m_axi_gmem0 has MAX_BURST_LENGTH 16"),
        ("<s:name>NUM_WRITE_OUTSTANDING", "<s:name>OTHER", "NUM_WRITE_OUTSTANDING unset"),
        ("k_wrapper", "k", "has the top k, not k_wrapper"),
        ("k_funcsim.v", "k.v", "lacks k_funcsim.v"),
        ("<s:localName>simulation_set", "<s:localName>other_set", "lacks k_funcsim.v"),
        ("0x010", "sixteen", "not a readable description"),
        ("</s:component>", "", "not a readable description"),
    ],
)  # fmt: skip
def test_another_kernel_is_refused(tmp_path: Path, before: str, after: str, told: str) -> None:
    text = description()
    assert before in text
    with pytest.raises(ToolError, match=told):
        judge(text.replace(before, after, 1), tmp_path)


def test_many_differences_are_counted(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="and 2 more"):
        judge(description().replace("<s:register>", "<s:other>").replace("</s:register>", "</s:other>"), tmp_path)
