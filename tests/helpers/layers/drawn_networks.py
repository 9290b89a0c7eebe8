"""Network files of general blocks, drawn: shapes, precisions and foldings of every kind that fits."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

Layer = dict[str, object]


@dataclass
class Drawn:
    """What is drawn so far: the shape of the map, whether 0 can be padded, and the number of layers."""

    rng: random.Random
    height: int
    width: int
    channels: int
    padded: bool = True
    names: int = 0
    blocks: list[str] = field(default_factory=list)

    def name(self) -> str:
        """A name that no layer has yet."""
        self.names += 1
        return f"layer{self.names}"

    def divisor(self, number: int) -> int:
        """One of its divisors."""
        return self.rng.choice([n for n in range(1, number + 1) if number % n == 0])

    def written(self, pair: list[int]) -> int | list[int]:
        """Rows and columns as a file may say them: alike they are one number or two."""
        return pair[0] if pair[0] == pair[1] and self.rng.random() < 0.7 else pair

    def kernel(self, most: int) -> list[int]:
        """Rows and columns that fit, at most so many; every other time as many of both."""
        rows, columns = (self.rng.randint(1, min(most, extent)) for extent in (self.height, self.width))
        return [rows, columns] if self.rng.random() < 0.5 else [min(rows, columns)] * 2

    def framed(self, kernel: list[int]) -> list[int]:
        """Padding of no more than a kernel less one: top, left, bottom, right."""
        return [self.rng.randint(0, kernel[side % 2] - 1) for side in range(4)]

    def leave(self, kernel: list[int], stride: list[int], pad: list[int]) -> None:
        """The map that windows leave."""
        self.height = (self.height + pad[0] + pad[2] - kernel[0]) // stride[0] + 1
        self.width = (self.width + pad[1] + pad[3] - kernel[1]) // stride[1] + 1

    def convolution(self, channels: int, *, pixels: bool = False, same: bool = False) -> Layer:
        """A convolution to so many channels, of 1x1 if `pixels`; with `same` it keeps rows and columns."""
        kernel = [1, 1] if pixels or (same and not self.padded) else self.kernel(3)
        stride = [1, 1] if same else [self.rng.randint(1, 2), self.rng.randint(1, 2)]
        pad = [0, 0, 0, 0]
        if same:
            pad = [(kernel[0] - 1) // 2, (kernel[1] - 1) // 2, kernel[0] // 2, kernel[1] // 2]
        elif self.padded:
            pad = self.framed(kernel)
        inputs = self.channels * self.rng.choice([1, kernel[1]])
        layer: Layer = {
            "name": self.name(), "type": "convolution", "channels": channels, "kernel": self.written(kernel),
            "stride": self.written(stride), "pad": pad, "weight_bits": self.rng.randint(1, 8),
            "bias": self.rng.random() < 0.3, "pe": self.rng.randint(1, channels), "simd": self.divisor(inputs),
        }  # fmt: skip
        self.leave(kernel, stride, pad)
        self.channels = channels
        return layer

    def threshold(self) -> Layer:
        """An activation of any type."""
        if self.rng.random() < 0.3:
            return self.requantize()
        bits = self.rng.randint(1, 5)
        layer: Layer = {"name": self.name(), "type": "threshold", "bits": bits}
        kind = self.rng.choice(["unsigned", "signed", "zero_point"] + (["bipolar"] if bits == 1 else []))
        if kind == "zero_point":
            layer["zero_point"] = self.rng.randrange(2**bits)
        else:
            layer["values"] = kind
        layer["descending"] = self.rng.random() < 0.3
        self.padded = kind != "bipolar"
        return layer

    def requantize(self) -> Layer:
        """An activation by multiplication."""
        bits = self.rng.randint(1, 8)
        layer: Layer = {"name": self.name(), "type": "requantize", "bits": bits, "shift": self.rng.randint(0, 20)}
        layer["zero_point"] = self.rng.randrange(2**bits)
        layer["addend_bits"] = 48
        self.padded = True
        return layer

    def depthwise(self) -> Layer:
        """A kernel for each channel; rows and columns stay."""
        kernel = [self.rng.choice([1, 3]) if self.padded else 1 for _ in range(2)]
        return {
            "name": self.name(), "type": "depthwise", "kernel": self.written(kernel),
            "pad": [kernel[side % 2] // 2 for side in range(4)],
            "weight_bits": self.rng.randint(1, 8), "bias": self.rng.random() < 0.3, "pe": self.divisor(self.channels),
        }  # fmt: skip

    def block(self, **lists: list[Layer]) -> None:
        """Add a block."""
        factors = [self.rng.randint(1, 3), self.rng.randint(1, 3)]
        text = f"  - name: block{len(self.blocks)}\n    kind: block\n"
        for key, layers in lists.items():
            text += f"    {key}:{'' if layers else ' []'}\n"
            text += "".join(f"      - {_flow(layer)}\n" for layer in layers)
        self.blocks.append(text + (f"    join: {{factors: {factors}}}\n" if "main" in lists else ""))


def _flow(layer: Layer) -> str:
    shown = {key: str(value).lower() if isinstance(value, bool) else value for key, value in layer.items()}
    return "{" + ", ".join(f"{key}: {value}" for key, value in shown.items()) + "}"


def drawn_network(seed: int) -> str:
    """A network file called `drawn`: a first block, up to two with two paths, one that ends it."""
    rng = random.Random(seed)
    drawn = Drawn(rng, rng.randint(3, 8), rng.randint(3, 8), rng.randint(1, 4))
    head = (
        f"name: drawn\nimage: {{height: {drawn.height}, width: {drawn.width}, channels: {drawn.channels}}}\nblocks:\n"
    )
    first = [drawn.convolution(rng.randint(1, 8)), drawn.threshold()]
    if rng.random() < 0.4:
        kernel, stride = drawn.kernel(2), [rng.randint(1, 2), rng.randint(1, 2)]
        pad = drawn.framed(kernel)
        kind = rng.choice(["max_pool", "average_pool"]) if drawn.padded else "max_pool"
        window = {"kernel": drawn.written(kernel), "stride": drawn.written(stride), "pad": pad}
        first.append({"name": drawn.name(), "type": kind, **window})
        if kind == "average_pool":
            first.append(drawn.threshold())
        drawn.leave(kernel, stride, pad)
    if rng.random() < 0.4:
        first += [drawn.depthwise(), drawn.threshold()]
    drawn.block(layers=first)
    for _ in range(rng.randint(0, 2)):
        _two_paths(drawn)
    last: list[Layer] = []
    if rng.random() < 0.4:
        last.append({"name": drawn.name(), "type": "global_average_pool"})
        drawn.height = drawn.width = 1
    outputs, inputs = rng.randint(1, 7), drawn.height * drawn.width * drawn.channels
    last.append({
        "name": drawn.name(), "type": "fully_connected", "channels": outputs, "weight_bits": rng.randint(1, 8),
        "bias": rng.random() < 0.5, "flatten": rng.choice(["hwc", "chw"]), "pe": rng.randint(1, outputs),
        "simd": drawn.divisor(inputs),
    })  # fmt: skip
    if rng.random() < 0.5:
        last.append({"name": drawn.name(), "type": "top_k", "k": rng.randint(1, outputs)})
    drawn.block(layers=last)
    return head + "".join(drawn.blocks)


def _two_paths(drawn: Drawn) -> None:
    rng = drawn.rng
    start = drawn.channels, drawn.padded
    own = drawn.channels
    projected = rng.random() < 0.5
    if projected:
        own = rng.randint(1, 8)
    main: list[Layer] = []
    for channels in (rng.randint(1, 6), own)[rng.randint(0, 1) :]:
        main += [drawn.convolution(channels, same=True), drawn.threshold()]
    drawn.channels, drawn.padded = start
    side: list[Layer] = []
    if projected:
        side = [drawn.convolution(own, pixels=True, same=True), drawn.threshold()]
    drawn.channels = own
    after = [drawn.threshold()]
    drawn.block(main=main, side=side, after=after)
