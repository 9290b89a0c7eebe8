"""The interface that all cores share: the graphs of operators and the DMA."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from functools import cached_property

from blocks.core.ports import InterfacePort, ParameterPort
from config.fpga_resources import Resources


class Core(ABC):
    """The logic of a block without its trained values. Blocks of equal shape share one core, named after the shape.

    The views are separate functions, `blocks.core.rtl.render` and `blocks.core.hls.render`, so a program that only
    runs the model does not import them.
    """

    kind: str
    """The kind of block that uses it: `stem`, `residual`, `head`, `dma`."""

    @abstractmethod
    def describe(self) -> dict[str, object]:
        """The whole shape as plain JSON values. Cores with equal class, kind and shape are the same."""

    @abstractmethod
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The shape as labelled values, which `doit why` compares."""

    @abstractmethod
    def cycles(self) -> dict[str, int]:
        """Clock cycles per image of each part alone; the largest is the initiation interval of the core."""

    @abstractmethod
    def ports(self) -> tuple[InterfacePort, ...]:
        """The ports of the C++ top in the order of its arguments; the SystemVerilog top has the same streams."""

    @abstractmethod
    def port_beats(self) -> dict[str, int]:
        """Beats per image of each port, by `InterfacePort.stream`. For a memory port: words per image."""

    @abstractmethod
    def headers(self) -> tuple[str, ...]:
        """The C++ headers that its view includes, relative to `blocks/`, each once."""

    @abstractmethod
    def sv_files(self) -> tuple[str, ...]:
        """The SystemVerilog files that its top needs, relative to `blocks/`, each once."""

    @cached_property
    def name(self) -> str:
        """Kind and the first six digits of the SHA-256 of the shape, e.g. `residual_3f2a9c`."""
        text = json.dumps(self.describe(), sort_keys=True, separators=(",", ":"))
        return f"{self.kind}_{hashlib.sha256(text.encode()).hexdigest()[:6]}"

    @property
    def has_block_bench(self) -> bool:
        """Whether the block test bench can simulate it: streams in, streams out, compared with the integer model."""
        return False

    def area(self) -> Resources | None:
        """Estimated area without parameter memories; None where no formula gives one."""
        return None

    def parameter_ports(self) -> tuple[ParameterPort, ...]:
        """The ports that parameter memories feed."""
        return ()

    def fifo_depths(self) -> dict[str, int]:
        """Depth in beats of each FIFO inside, by the name of its output stream."""
        return {}

    def operator_modules(self) -> tuple[str, ...]:
        """The Python modules of the operators that it is made of, sorted, e.g. `blocks.operators.mvau`."""
        return ()
