"""Reads the authors' source of the W1A2 ResNet-50 into block arrays: `config.h` and `params.h`, one folder per block.

The format is that of ResNet50-PYNQ, `src/w1a2_v1.0` (Xilinx, BSD-3-Clause). Its weights and thresholds are tiled by the
authors' folding: a PE's memory is `mem[pe][nf * SF + sf]` for row nf * PE + pe and columns sf * SIMD + lane, lane 0
lowest; thresholds are `mem[pe][nf][k]`. This module restores the logical order for any folding.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from blocks.kinds.block import Block
from blocks.kinds.convolution import Convolution
from blocks.kinds.head import Head
from blocks.kinds.residual import Residual
from blocks.kinds.stem import Stem
from blocks.parameters import BlockParameters
from blocks.parameters.headers import Declaration, Header, HeaderError, read_header
from config.frozen import dataclass

Tensor = np.ndarray[Any, Any]

FOLDERS = {"preres": "inpipe", "postres": "outpipe"}
"""The authors' folders of the first and the last block; the others have the block's name."""

_ONE_BRANCH = {"bypass": "br20", "conv2a": "br21", "conv2b": "br22", "conv2c": "br23"}
_TWO_BRANCHES = {"bypass": "top0", "conv2a": "br20", "conv2b": "br21", "conv2c": "br22", "conv1": "br10"}
_UNIT = re.compile(r"ap_(u?)int<(\d+)(?:\*(\d+))?>")


def read_authors(folder: Path, block: Block) -> BlockParameters:
    """Read one block's arrays.

    Raises:
        HeaderError: a header is missing, malformed, or of another block; the message names file and line.
    """
    name = FOLDERS.get(block.name, block.name)
    source = _Source(
        block.name,
        _Config(read_header(folder / name / "config.h", f"{name}/config.h")),
        read_header(folder / name / "params.h", f"{name}/params.h"),
    )
    if isinstance(block, Stem):
        arrays = source.stem(block)
    elif isinstance(block, Head):
        arrays = source.head(block)
    else:
        if not isinstance(block, Residual):
            raise HeaderError(f"{block.name}: the authors' network has no general blocks; give .npz files")
        arrays = source.residual(block)
    meta = {"origin": "imported", "source": "ResNet50-PYNQ w1a2_v1.0", "block": block.name}
    return BlockParameters(f"{name}/params.h", arrays, meta)


class _Config:
    """`config.h`: numbers by name."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self._values = header.defines()

    def number(self, name: str) -> int:
        """The number of that name."""
        if name not in self._values:
            raise self.header.wrong(0, f"{name} is not defined")
        text, at = self._values[name]
        if not text.isdecimal() or len(text) > 9 or int(text) < 1:
            raise self.header.wrong(at, f"{name} is {text:.80}, expected a number of 1 or more")
        return int(text)

    def expect(self, name: str, value: int, what: str) -> None:
        """Raise HeaderError unless a number is `value`; `what` introduces the value in the message."""
        found = self.number(name)
        if found != value:
            raise self.header.wrong(self._values[name][1], f"{name} is {found}, {what} {value}")


@dataclass(frozen=True)
class _Tiles:
    """Folding of a matrix: each of `pe` memories has `depth` words of weights and `rows` rows of thresholds."""

    pe: int
    simd: int
    depth: int
    rows: int


class _Source:
    def __init__(self, block: str, config: _Config, params: Header) -> None:
        self.block = block
        self.config = config
        self.params = params
        self._declared = params.declarations()

    def residual(self, block: Residual) -> dict[str, Tensor]:
        suffixes = _ONE_BRANCH if block.conv1 is None else _TWO_BRANCHES
        arrays: dict[str, Tensor] = {}
        pe, rows = self.config.number("RES_BYPTHPE"), self.config.number("RES_BYPTHTMEM")
        channels = block.input.channels
        if pe * rows != channels:
            raise self.config.header.wrong(
                0, f"RES_BYPTHPE {pe} times RES_BYPTHTMEM {rows} is not the block's {channels} input channels"
            )
        arrays["bypass_thresholds"] = self._thresholds(
            f"thres_FPGAThresholdLayer_{suffixes['bypass']}", pe, rows, block.bypass().steps
        )
        for conv in block.convolutions():
            tiles = self._tiles(conv, f"RES_{conv.name[4:].upper()}")
            layer = f"FPGABipolarConvThresholdLayer_{suffixes[conv.name]}"
            bits = self._binary(f"weights_{layer}", tiles, conv)
            arrays[f"{conv.name}_weights_packed"] = np.packbits(bits, axis=1, bitorder="little")
            arrays[f"{conv.name}_thresholds"] = self._thresholds(
                f"thres_{layer}", tiles.pe, tiles.rows, conv.threshold().steps
            )
        return arrays

    def stem(self, block: Stem) -> dict[str, Tensor]:
        conv = block.conv0
        tiles = self._tiles(conv, "L0")
        for each in conv.kernel:
            self.config.expect("L0_KERNELDIM", each, "the network file says")
        self.config.expect("L0_WBITS", conv.weight_bits, "the network file says")
        values = self._plain("weights_conv0", (tiles.pe, tiles.depth), tiles.simd, conv.weight_bits)
        matrix = _untiled(values, tiles, conv)
        weights = matrix.reshape(conv.channels, *conv.kernel, conv.source.channels)
        steps, bits = conv.threshold().steps, self.config.number("L0_MACBITS")
        # The authors' words have room for one more threshold than is used.
        fields = self.config.number("L0_THBITS") // bits
        thresholds = self._plain("thres_conv0", (tiles.pe, tiles.rows), fields, bits)
        if fields < steps or thresholds[..., steps:].any():
            where = self._find("thres_conv0").begin
            raise self.params.wrong(where, f"thres_conv0 does not hold {steps} thresholds a word, lowest bits first")
        rows = thresholds[..., :steps].transpose(1, 0, 2).reshape(conv.channels, steps)
        return {"conv0_weights": weights.astype(np.int8), "conv0_thresholds": np.sort(rows, axis=1).astype(np.int32)}

    def head(self, block: Head) -> dict[str, Tensor]:
        self.config.expect("L53_MH", block.classes, "the network file says")
        self.config.expect("L53_MW", block.input.channels, "the network file says")
        declared = self._find("bias_fc1000", "FixedPointWeights")
        simd, unit, pe, rows = self._arguments(declared, 4)
        if (simd, pe, rows) != ("1", "1", str(block.classes)):
            raise self.params.wrong(
                declared.begin, f"bias_fc1000 is <{simd}, {unit}, {pe}, {rows}>, not 1 by 1 by 1000"
            )
        bits, signed = self._unit(declared, unit)
        values = self.params.values(declared, (1, 1, block.classes), bits, signed=signed)
        return {"fc_bias": np.array(values, np.int32)}

    def _tiles(self, conv: Convolution, prefix: str) -> _Tiles:
        """The authors' folding of a convolution, after comparing its shape with the network file."""
        config, says = self.config, "the network file says"
        config.expect(f"{prefix}_IFMC", conv.source.channels, says)
        config.expect(f"{prefix}_OFMC", conv.channels, says)
        for each in conv.stride:
            config.expect(f"{prefix}_STRIDE", each, says)
        config.expect(f"{prefix}_IFMDIM", conv.source.height, says)
        config.expect(f"{prefix}_OFMDIM", conv.output.height, says)
        config.expect(f"{prefix}_INBITS", conv.source.bits, says)
        config.expect(f"{prefix}_ACTBITS", conv.activation_bits, says)
        pe, simd = config.number(f"{prefix}_PE"), config.number(f"{prefix}_SIMD")
        for key, value, whole in (("PE", pe, conv.channels), ("SIMD", simd, conv.source.channels)):
            if whole % value:
                raise config.header.wrong(0, f"{prefix}_{key} is {value}, which does not divide {whole} channels")
        depth, rows = conv.channels // pe * (conv.synapses // simd), conv.channels // pe
        config.expect(f"{prefix}_WMEM", depth, "channels and folding make it")
        config.expect(f"{prefix}_TMEM", rows, "channels and folding make it")
        return _Tiles(pe, simd, depth, rows)

    def _binary(self, name: str, tiles: _Tiles, conv: Convolution) -> Tensor:
        """Binary weights as bits [channels, synapses]."""
        declared = self._find(name, "BinaryWeights")
        self._same(declared, self._arguments(declared, 3), (tiles.simd, tiles.pe, tiles.depth), "SIMD, PE, WMEM")
        shape = (1, tiles.pe, tiles.depth)  # the struct's own braces come first
        words = np.array(self.params.values(declared, shape, tiles.simd, signed=False), dtype=object)
        size = -(-tiles.simd // 8)
        data = b"".join(int(word).to_bytes(size, "little") for word in words)
        bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(-1, size), axis=1, bitorder="little")
        return _untiled(bits[:, : tiles.simd].reshape(tiles.pe, tiles.depth, tiles.simd), tiles, conv)

    def _thresholds(self, name: str, pe: int, rows: int, steps: int) -> Tensor:
        """Thresholds [channels, steps] as int16."""
        declared = self._find(name, "ThresholdsActivation")
        arguments = self._arguments(declared, 7)
        self._same(declared, arguments[:3], (rows, pe, steps), "TMEM, PE, thresholds")
        if not arguments[6].startswith("std::less_equal"):
            raise self.params.wrong(declared.begin, f"{name} compares by {arguments[6]}, expected std::less_equal")
        bits, signed = self._unit(declared, arguments[3])
        values = np.array(self.params.values(declared, (1, pe, rows, steps), bits, signed=signed), np.int64)
        if values.max() > np.iinfo(np.int16).max or values.min() < np.iinfo(np.int16).min:
            raise self.params.wrong(declared.begin, f"{name} holds {values.min()}..{values.max()}, more than 16 bits")
        return values.reshape(pe, rows, steps).transpose(1, 0, 2).reshape(pe * rows, steps).astype(np.int16)

    def _plain(self, name: str, shape: tuple[int, int], fields: int, bits: int) -> Tensor:
        """Split an array of words into signed fields, [*shape, fields], field 0 lowest."""
        declared = self._find(name)
        total, _ = self._unit(declared, f"{declared.kind}<{','.join(declared.arguments())}>", 4096)
        if declared.dimensions() != shape or total != fields * bits:
            found = "".join(f"[{size}]" for size in declared.dimensions())
            expected = "".join(f"[{size}]" for size in shape)
            what = f"{name}{found} has words of {total} bits, config.h asks for {expected} of {fields * bits} bits"
            raise self.params.wrong(declared.begin, what)
        words = self.params.values(declared, shape, total, signed=False)
        half, mask = 1 << (bits - 1), (1 << bits) - 1
        split = [((word >> (bits * field) & mask) ^ half) - half for word in words for field in range(fields)]
        return np.array(split, np.int64).reshape(*shape, fields)

    def _find(self, name: str, kind: str | None = None) -> Declaration:
        if name not in self._declared:
            known = ", ".join(self._declared) or "nothing"
            raise self.params.wrong(len(self.params.text), f"{name} is missing; the file declares {known}")
        declared = self._declared[name]
        if kind is not None and declared.kind != kind:
            raise self.params.wrong(declared.begin, f"{name} is a {declared.kind}, expected a {kind}")
        return declared

    def _arguments(self, declared: Declaration, count: int) -> tuple[str, ...]:
        found = declared.arguments()
        if len(found) != count:
            what = f"{declared.name} has {len(found)} template arguments, expected {count}"
            raise self.params.wrong(declared.begin, what)
        return found

    def _same(self, declared: Declaration, found: tuple[str, ...], expected: tuple[int, ...], what: str) -> None:
        if found != tuple(map(str, expected)):
            shown = ", ".join(map(str, expected))
            text = f"{declared.name} is declared <{', '.join(found)}>, config.h has {what} = {shown}"
            raise self.params.wrong(declared.begin, text)

    def _unit(self, declared: Declaration, text: str, most_bits: int = 32) -> tuple[int, bool]:
        """Bits of a type such as `ap_int<16>` or `ap_uint<24*4>`, and whether it is signed."""
        match = _UNIT.fullmatch(text)
        if match is None:
            raise self.params.wrong(declared.begin, f"{declared.name} holds {text}, expected ap_int or ap_uint")
        bits = int(match[2][:9]) * int((match[3] or "1")[:9])
        if not 0 < bits <= most_bits:
            raise self.params.wrong(
                declared.begin, f"{declared.name} holds numbers of {bits} bits, not 1 to {most_bits}"
            )
        return bits, not match[1]


def _untiled(values: Tensor, tiles: _Tiles, conv: Convolution) -> Tensor:
    """Reorder tiles [pe, nf * SF + sf, lane] to a matrix [channels, synapses]."""
    folds = conv.synapses // tiles.simd
    split = values.reshape(tiles.pe, tiles.rows, folds, tiles.simd)
    return split.transpose(1, 0, 2, 3).reshape(conv.channels, conv.synapses)
