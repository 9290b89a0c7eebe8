"""The generated top: ports read from stubs of all releases."""

from __future__ import annotations

import pytest

from toolchains.vitis.stitch.structural import StubPort, read_stub

# As `write_verilog -mode synth_stub` writes the declarations, before and from 2023.1 on.
OLD = """
(* X_CORE_INFO = "x" *)
module core(ap_clk, ap_rst_n, input_r_TDATA, output_r_TVALID)
/* synthesis syn_black_box black_box_pad_pin="ap_clk,ap_rst_n,input_r_TDATA[63:0],output_r_TVALID" */;
  input ap_clk;
  input ap_rst_n;
  input [63:0]input_r_TDATA;
  output output_r_TVALID;
endmodule
"""
NEW = OLD.replace("  input ap_clk;", "  input ap_clk /* synthesis syn_isclock = 1 */;").replace(
    "  input ap_rst_n;", '  (* x_interface_info = "xilinx.com:signal:reset:1.0 ap_rst_n RST" *) input ap_rst_n;'
)
PORTS = (
    StubPort("ap_clk", True, 1),
    StubPort("ap_rst_n", True, 1),
    StubPort("input_r_TDATA", True, 64),
    StubPort("output_r_TVALID", False, 1),
)


@pytest.mark.parametrize("text", [OLD, NEW], ids=["up to 2022.2", "from 2023.1"])
def test_all_ports_of_a_stub(text: str) -> None:
    assert read_stub(text, "core") == PORTS


def test_a_stub_without_ports_is_refused() -> None:
    with pytest.raises(ValueError, match=r"core_stub\.v declares no ports"):
        read_stub("module core;\nendmodule\n", "core")
