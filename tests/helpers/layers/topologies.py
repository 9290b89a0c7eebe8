"""Residual networks as network files: MLPerf Tiny's ResNet-8, ResNet-18, and one small enough to build often."""

from __future__ import annotations

from collections.abc import Sequence


def _front(channels: int, kernel: int, stride: int, pad: int, fold: str, *, pool: bool) -> str:
    layers = [
        f"{{name: conv0, type: convolution, channels: {channels}, kernel: {kernel}, stride: {stride}, "
        f"pad: [{pad}, {pad}, {pad}, {pad}], weight_bits: 8, {fold}}}",
        "{name: act0, type: threshold, bits: 4}",
    ]
    if pool:
        layers.append("{name: pool0, type: max_pool, kernel: 3, stride: 2, pad: [1, 1, 1, 1]}")
    return "  - name: front\n    kind: block\n    layers:\n" + "".join(f"      - {layer}\n" for layer in layers)


def _basic(name: str, channels: int, stride: int, source: int, pe: int) -> str:
    simd = min(16, source)
    text = f"  - name: {name}\n    kind: basic\n    channels: {channels}\n    stride: {stride}\n"
    text += f"    conv_a: {{pe: {pe}, simd: {simd}}}\n    conv_b: {{pe: {pe}, simd: {min(16, channels)}}}\n"
    if stride > 1 or source != channels:
        text += f"    conv_side: {{pe: {max(1, pe // 4)}, simd: {min(4, simd)}}}\n"
    return text


def _back(classes: int, channels: int, top: int) -> str:
    return (
        "  - name: back\n    kind: block\n    layers:\n      - {name: average, type: global_average_pool}\n"
        f"      - {{name: fc, type: fully_connected, channels: {classes}, weights: card_memory, "
        f"simd: {min(16, channels)}}}\n      - {{name: best, type: top_k, k: {top}}}\n"
    )


def residual(
    name: str, side: int, front: str, stages: Sequence[tuple[int, int, int]], classes: int, *, pe: int, first: int
) -> str:
    """A network of basic blocks; a stage is (channels, blocks, stride of the first)."""
    text = f"name: {name}\nimage: {{height: {side}, width: {side}, channels: 3}}\nblocks:\n{front}"
    source = first
    for number, (channels, blocks, stride) in enumerate(stages, 1):
        for at in range(blocks):
            text += _basic(f"res{number}{'ab'[at]}", channels, stride if at == 0 else 1, source, pe)
            source = channels
    return text + _back(classes, source, min(3, classes))


def small(name: str = "small") -> str:
    """Every kind of basic block on maps of 8x8: identity, more channels, a stride."""
    return residual(
        name, 8, _front(8, 3, 1, 1, "pe: 4, simd: 3", pool=False), [(8, 1, 1), (12, 1, 2)], 5, pe=4, first=8
    )


def resnet8(name: str = "resnet8") -> str:
    """MLPerf Tiny's ResNet-8 for CIFAR-10 (github.com/mlcommons/tiny, keras_model.py: 16, 32 and 64 filters)."""
    front = _front(16, 3, 1, 1, "pe: 8, simd: 9", pool=False)
    return residual(name, 32, front, [(16, 1, 1), (32, 1, 2), (64, 1, 2)], 10, pe=8, first=16)


def resnet18(name: str = "resnet18", side: int = 32, classes: int = 100) -> str:
    """ResNet-18 (He et al., table 1), for images of `side` x `side`."""
    front = _front(64, 7, 2, 3, "pe: 16, simd: 21", pool=True)
    stages = [(64, 2, 1), (128, 2, 2), (256, 2, 2), (512, 2, 2)]
    return residual(name, side, front, stages, classes, pe=16, first=64)


def every_layer(name: str = "every") -> str:
    """Every type of layer, with zero points, descending channels, factors of a join, and raw sums at the end."""
    return f"""\
name: {name}
image: {{height: 8, width: 8, channels: 3, zero_point: 128}}
blocks:
  - name: front
    kind: block
    layers:
      - {{name: conv0, type: convolution, channels: 8, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 6, pe: 4, simd: 9}}
      - {{name: act0, type: threshold, bits: 4, values: signed, descending: true}}
      - {{name: deep, type: depthwise, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 5, bias: true, pe: 4}}
      - {{name: act1, type: requantize, bits: 8, zero_point: 100, shift: 12}}
      - {{name: pool, type: average_pool, kernel: 2, stride: 2}}
      - {{name: act2, type: threshold, bits: 3, zero_point: 3}}
  - name: paths
    kind: block
    before:
      - {{name: conv1, type: convolution, channels: 8, kernel: 2, weight_bits: 2, pe: 2, simd: 8}}
      - {{name: act3, type: threshold, bits: 4, values: signed}}
    main:
      - {{name: conv2, type: convolution, channels: 6, kernel: 3, pad: [1, 1, 1, 1], weight_bits: 3, pe: 3, simd: 8}}
      - {{name: act4, type: threshold, bits: 3, values: signed}}
    side:
      - {{name: conv3, type: convolution, channels: 6, kernel: 1, weight_bits: 1, pe: 2, simd: 4}}
      - {{name: act5, type: threshold, bits: 1, values: bipolar}}
    join: {{factors: [3, 2]}}
    after:
      - {{name: act6, type: threshold, bits: 1, values: bipolar, descending: true}}
      - {{name: maximum, type: max_pool, kernel: 2, pad: [1, 0, 0, 0]}}
  - name: back
    kind: block
    layers:
      - {{name: conv4, type: convolution, channels: 8, kernel: 2, weight_bits: 1, pe: 8, simd: 6}}
      - {{name: act7, type: threshold, bits: 2, zero_point: 0}}
      - {{name: fc, type: fully_connected, channels: 5, weights: card_memory, flatten: chw, bias: true, simd: 4}}
"""


def oblong(name: str = "oblong") -> str:
    """Kernels and strides whose rows and columns differ, in every type of layer that has windows."""
    return f"""\
name: {name}
image: {{height: 20, width: 8, channels: 1}}
blocks:
  - name: front
    kind: block
    layers:
      - {{name: conv0, type: convolution, channels: 8, kernel: [10, 4], stride: [2, 1], pad: [4, 1, 5, 2],
          weight_bits: 4, pe: 4, simd: 4}}
      - {{name: act0, type: threshold, bits: 4}}
      - {{name: deep, type: depthwise, kernel: [1, 3], pad: [0, 1, 0, 1], weight_bits: 4, pe: 4}}
      - {{name: act1, type: threshold, bits: 4, zero_point: 5}}
      - {{name: most, type: max_pool, kernel: [3, 1], stride: [2, 1], pad: [1, 0, 0, 0]}}
  - name: paths
    kind: block
    main:
      - {{name: conv1, type: convolution, channels: 8, kernel: [3, 1], pad: [1, 0, 1, 0], weight_bits: 3,
          pe: 2, simd: 8, mmv: 2}}
      - {{name: act2, type: threshold, bits: 4, values: signed}}
    side:
      - {{name: conv2, type: convolution, channels: 8, kernel: [1, 3], pad: [0, 1, 0, 1], weight_bits: 2,
          pe: 2, simd: 8}}
      - {{name: act3, type: threshold, bits: 4, values: signed}}
    after:
      - {{name: act4, type: threshold, bits: 4}}
  - {{name: narrow, kind: basic, channels: 12, stride: [1, 2], conv_a: {{pe: 4, simd: 8}}, conv_b: {{pe: 4, simd: 12}}}}
  - name: back
    kind: block
    layers:
      - {{name: mean, type: average_pool, kernel: [1, 2], stride: [1, 2]}}
      - {{name: act5, type: threshold, bits: 4}}
      - {{name: conv3, type: convolution, channels: 6, kernel: [5, 1], weight_bits: 4, pe: 3, simd: 12}}
      - {{name: act6, type: threshold, bits: 4}}
      - {{name: fc, type: fully_connected, channels: 5, flatten: chw, bias: true, simd: 4}}
"""
