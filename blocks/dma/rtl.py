"""The SystemVerilog view of the DMA core: one `farm_dma_control`, a `farm_dma_read` for the images and one for the
weights, if they are streamed, and one `farm_dma_write`, with the ports that HLS would give it.

The AXI4 ports have the names of those that Vitis HLS makes for `m_axi` and `s_axilite` (`m_axi_gmem0_ARADDR`,
`s_axi_control_AWADDR`): 64 bit addresses, one ID, one-bit user signals. Each master has all signals, including those
of the direction that it does not use. Two signals follow AXI4 (Arm IHI 0022), where HLS writes those of AXI3 and
declares AXI4 in its `component.xml`: AxLOCK has one bit, and there is no WID. Our packager infers the protocol from
the ports alone, so these must be right.

The bursts are those of Vitis HLS' m_axi: INCR, whole words of the data bus, one ID, no lock. The bits of a base address
below a word are taken as zero. An error response (SLVERR or DECERR) does not stop the call: the core passes the word
on, finishes the call as usual, and sets a bit in register 0x3c.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from blocks.dma import DmaCore
from blocks.operators.base import Stream
from config.frozen import dataclass

CONTROL_BITS = 6
"""Address bits of the registers: up to 0x3f."""
RESULT_BYTES = 4
WRITE_BURST = 16
WRITE_PLACES = 32


@dataclass(frozen=True)
class Reader:
    """The buffer of one reading port: the most words of a burst, and the most words stored or under way."""

    burst: int
    places: int


def reader(word_bytes: int, lanes: int) -> Reader:
    """The buffer with which the stream moves a beat a cycle although the memory takes 250 cycles to answer.

    A fast stream gets the depth of one block RAM, 512 words: while one burst of 64 is not yet requested, 448 words are
    stored or under way. A stream that needs at most one word in 16 cycles still has 16 words, enough for 256 cycles,
    when it requests 16 more. Neither burst is longer than 4 KiB.
    """
    return Reader(16, 32) if 16 * lanes <= word_bytes else Reader(64, 512)


# The signals of a master in the order of HLS: name, direction, bits. `{data}` and `{strobe}` follow from the word.
ADDRESS = (
    ("VALID", "output", 1),
    ("READY", "input", 1),
    ("ADDR", "output", 64),
    ("ID", "output", 1),
    ("LEN", "output", 8),
    ("SIZE", "output", 3),
    ("BURST", "output", 2),
    ("LOCK", "output", 1),
    ("CACHE", "output", 4),
    ("PROT", "output", 3),
    ("QOS", "output", 4),
    ("REGION", "output", 4),
    ("USER", "output", 1),
)
INCR = 1
BUFFERABLE_MODIFIABLE = 3
"""AxCACHE as HLS sets it: bridges may merge and split bursts, without which card memory is slow."""


def master_signals(word_bytes: int) -> tuple[tuple[str, str, int], ...]:
    """Signal, direction and bits of one AXI4 master whose data bus has the width of a word."""
    data, strobe = 8 * word_bytes, word_bytes
    return (
        *((f"AW{name}", direction, bits) for name, direction, bits in ADDRESS),
        ("WVALID", "output", 1),
        ("WREADY", "input", 1),
        ("WDATA", "output", data),
        ("WSTRB", "output", strobe),
        ("WLAST", "output", 1),
        ("WUSER", "output", 1),
        *((f"AR{name}", direction, bits) for name, direction, bits in ADDRESS),
        ("RVALID", "input", 1),
        ("RREADY", "output", 1),
        ("RDATA", "input", data),
        ("RLAST", "input", 1),
        ("RID", "input", 1),
        ("RUSER", "input", 1),
        ("RRESP", "input", 2),
        ("BVALID", "input", 1),
        ("BREADY", "output", 1),
        ("BRESP", "input", 2),
        ("BID", "input", 1),
        ("BUSER", "input", 1),
    )


CONTROL = (
    ("AWVALID", "input", 1),
    ("AWREADY", "output", 1),
    ("AWADDR", "input", CONTROL_BITS),
    ("WVALID", "input", 1),
    ("WREADY", "output", 1),
    ("WDATA", "input", 32),
    ("WSTRB", "input", 4),
    ("ARVALID", "input", 1),
    ("ARREADY", "output", 1),
    ("ARADDR", "input", CONTROL_BITS),
    ("RVALID", "output", 1),
    ("RREADY", "input", 1),
    ("RDATA", "output", 32),
    ("RRESP", "output", 2),
    ("BVALID", "output", 1),
    ("BREADY", "input", 1),
    ("BRESP", "output", 2),
)


def _masters(core: DmaCore) -> tuple[int, ...]:
    return (core.image_word_bytes, RESULT_BYTES, *([core.weights_word_bytes] if core.weights else []))


def outside_ports(core: DmaCore) -> list[tuple[str, str, int]]:
    """Name, direction and bits of the ports that are the kernel's: interrupt, registers, memories."""
    ports = [("interrupt", "output", 1)]
    ports += [(f"s_axi_control_{name}", direction, bits) for name, direction, bits in CONTROL]
    for index, word_bytes in enumerate(_masters(core)):
        ports += [(f"m_axi_gmem{index}_{name}", way, bits) for name, way, bits in master_signals(word_bytes)]
    return ports


def render_top(core: DmaCore) -> str:
    """The text of the core's top."""
    return "\n".join(_top(core)) + "\n"


def _top(core: DmaCore) -> Iterator[str]:
    ports = [("ap_clk", "input", 1), ("ap_rst_n", "input", 1), *outside_ports(core)]
    for stream, shape in core.streams().items():
        direction = "input" if stream == "result" else "output"
        back = "input" if direction == "output" else "output"
        ports += [(f"{stream}_TDATA", direction, shape.width_bits), (f"{stream}_TVALID", direction, 1)]
        ports.append((f"{stream}_TREADY", back, 1))

    yield f"// {core.name}: made from its shape."
    yield "`default_nettype none"
    yield "// The name `interrupt` is given."
    yield "/* verilator lint_off SYMRSVDWORD */"
    yield ""
    yield f"module {core.name} ("
    for index, (name, direction, bits) in enumerate(ports):
        yield f"    {direction:6} wire {_range(bits)}{name}" + ("," if index + 1 < len(ports) else "")
    yield ");"
    yield "    logic rst;"
    yield "    always_ff @(posedge ap_clk) rst <= !ap_rst_n;"
    yield ""
    yield "    wire start;"
    yield "    wire [2:0] quiet, errors;"
    yield "    wire [63:0] in_r, out_r, weightsmem;"
    yield "    wire [31:0] images;"
    yield ""
    if not core.weights:
        yield "    assign quiet[2] = 1'b1;"
        yield "    assign errors[2] = 1'b0;"
        yield "    wire weights_unused = &{1'b0, weightsmem};"
    yield from _control("" if core.weights else "#(.WEIGHTS(0)) ")
    for index, word_bytes in enumerate(_masters(core)):
        yield ""
        yield from _idle(f"m_axi_gmem{index}_", word_bytes, writes=index == 1)
    yield ""
    yield from _reader(core.image_word_bytes, core.image, 0, "image", "in_r", ".REPEAT(0), ")
    yield ""
    if core.weights:
        mode = ".CACHE(1), " if core.cache else ".REPEAT(1), "
        yield from _reader(core.weights_word_bytes, core.weights, 2, "weights", "weightsmem", mode)
        yield ""
    yield from _writer(core.result.beats)
    yield "endmodule"
    yield ""
    yield "`default_nettype wire"


def _range(bits: int) -> str:
    return f"[{bits - 1}:0] " if bits > 1 else ""


def _control(parameters: str) -> Iterator[str]:
    bus = [name for name, _, _ in CONTROL if name not in {"RRESP", "BRESP"}]
    yield "    assign s_axi_control_RRESP = 2'b00;"
    yield "    assign s_axi_control_BRESP = 2'b00;"
    yield f"    farm_dma_control {parameters}control_i ("
    yield "        .clk(ap_clk), .rst(rst),"
    for name in bus:
        yield f"        .{name.lower()}(s_axi_control_{name}),"
    yield "        .raised(interrupt), .start(start), .quiet(&quiet), .errors(errors),"
    yield "        .in_r(in_r), .out_r(out_r), .weightsmem(weightsmem), .images(images)"
    yield "    );"


def _idle(prefix: str, word_bytes: int, *, writes: bool) -> Iterator[str]:
    """Assigns the constant outputs of a master, and gathers the inputs that it ignores in one unused wire."""
    constants = {
        "SIZE": int(math.log2(word_bytes)),
        "BURST": INCR,
        "CACHE": BUFFERABLE_MODIFIABLE,
    }
    moved = {"AWVALID", "AWADDR", "AWLEN", "WVALID", "WDATA", "WSTRB", "WLAST", "BREADY"}
    if not writes:
        moved = {"ARVALID", "ARADDR", "ARLEN", "RREADY"}
    heard = {"AWREADY", "WREADY", "BVALID"} if writes else {"ARREADY", "RVALID", "RDATA"}
    unheard = []
    for name, direction, bits in master_signals(word_bytes):
        if direction == "input":
            if name in {"BRESP", "RRESP"} and (name == "BRESP") == writes:
                unheard.append(f"{prefix}{name}[0]")
            elif name not in heard:
                unheard.append(prefix + name)
        elif name not in moved:
            value = constants.get(name[2:], 0) if name[:2] in {"AW", "AR"} else 0
            yield f"    assign {prefix}{name} = {bits}'d{value};"
    if writes:
        yield f"    assign {prefix}WSTRB = {{{word_bytes}{{1'b1}}}};"
    yield f"    wire {prefix}unused = &{{1'b0, {', '.join(unheard)}}};"


def _reader(word_bytes: int, shape: Stream, index: int, stream: str, base: str, mode: str) -> Iterator[str]:
    """`mode`: the parameter that says whether the words are other ones for each image, the same, or kept."""
    lanes, elements = shape.lanes, shape.elements
    buffer, prefix = reader(word_bytes, lanes), f"m_axi_gmem{index}_"
    yield "    farm_dma_read #("
    yield f"        .BYTES({word_bytes}), .LANES({lanes}), .WORDS({elements // word_bytes}),"
    yield f"        {mode}.BURST({buffer.burst}), .DEPTH({buffer.places}),"
    yield f"        .COMMON({math.gcd(word_bytes, lanes)})"
    yield f"    ) {stream}_i ("
    yield "        .clk(ap_clk), .rst(rst),"
    yield f"        .start(start), .base({base}), .images(images), .quiet(quiet[{index}]), .error(errors[{index}]),"
    for name in ("ARADDR", "ARLEN", "ARVALID", "ARREADY", "RDATA", "RVALID", "RREADY"):
        yield f"        .{name.lower()}({prefix}{name}),"
    yield f"        .rfault({prefix}RRESP[1]),"
    yield f"        .out0_data({stream}_TDATA), .out0_valid({stream}_TVALID), .out0_ready({stream}_TREADY)"
    yield "    );"


def _writer(beats: int) -> Iterator[str]:
    prefix = "m_axi_gmem1_"
    yield f"    farm_dma_write #(.WORDS({beats}), .BURST({WRITE_BURST}), .DEPTH({WRITE_PLACES})) result_i ("
    yield "        .clk(ap_clk), .rst(rst),"
    yield "        .start(start), .base(out_r), .images(images), .quiet(quiet[1]), .error(errors[1]),"
    for name in ("AWADDR", "AWLEN", "AWVALID", "AWREADY", "WDATA", "WLAST", "WVALID", "WREADY", "BVALID", "BREADY"):
        yield f"        .{name.lower()}({prefix}{name}),"
    yield f"        .bfault({prefix}BRESP[1]),"
    yield "        .in0_data(result_TDATA), .in0_valid(result_TVALID), .in0_ready(result_TREADY)"
    yield "    );"
