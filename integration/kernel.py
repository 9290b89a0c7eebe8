"""The kernel as the host sees it: arguments, their registers, and the XML descriptions of both.

The register map is that of HLS for `s_axilite` with 64 bit pointers: control at 0, arguments from 0x10 in the order of
declaration. A pointer takes 12 bytes and a 32 bit scalar 8, each including a reserved word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from config.frozen import dataclass

if TYPE_CHECKING:
    from integration.platform import Platform
    from runtime.formats import kernels

CONTROL_PORT = "S_AXI_CONTROL"
CONTROL_RANGE = 0x1000
MASTER_RANGE = 0xFFFFFFFF
COUNT = "numReps"
POINTER_STEP = 12


@dataclass(frozen=True)
class Argument:
    """One argument. `shape` is the shape for one image or for the whole call, `dtypes` the allowed types of elements.

    PYNQ makes parameters of the names. `in` is a keyword of Python, hence the suffix `_r`.
    """

    name: str
    id: int
    offset: int
    port: str
    port_bits: int
    shape: tuple[int, ...]
    dtypes: tuple[str, ...]
    direction: str
    per: str


@dataclass(frozen=True)
class Kernel:
    """The accelerator: its name and its memory arguments."""

    name: str
    arguments: tuple[Argument, ...]

    @property
    def vlnv(self) -> str:
        """Vendor, library, name and version, joined by colons."""
        return f"xilinx.com:hls:{self.name}:1.0"

    @property
    def instance(self) -> str:
        """The compute unit's name, numbered as in Vitis."""
        return f"{self.name}_1"

    @property
    def count_offset(self) -> int:
        """Offset of the register that holds the number of images."""
        return 0x10 + POINTER_STEP * len(self.arguments)

    def describe(self) -> dict[str, Any]:
        """The kernel as plain JSON values; `from_description` reads it back."""
        return asdict(self)

    @classmethod
    def from_description(cls, description: Mapping[str, Any]) -> Kernel:
        """The kernel that `describe` wrote."""
        arguments = (
            Argument(**{**entry, "shape": tuple(entry["shape"]), "dtypes": tuple(entry["dtypes"])})
            for entry in description["arguments"]
        )
        return cls(description["name"], tuple(arguments))

    def as_host_sees(self, base_address: int | None = None) -> kernels.Kernel:
        """The kernel as the file formats describe it; with an address, also its compute unit."""
        from runtime.formats import kernels  # noqa: PLC0415 - with the XML of the standard library, for `link` only

        ports = [
            *(kernels.Port(each.port, "master", each.port_bits, MASTER_RANGE) for each in self.arguments),
            kernels.Port(CONTROL_PORT, "slave", 32, CONTROL_RANGE),
        ]
        registers = [
            *(
                kernels.KernelArgument(
                    each.name, each.id, each.port, each.offset, 8, f"ap_uint<{each.port_bits}>*", kernels.POINTER
                )
                for each in self.arguments
            ),
            kernels.KernelArgument(
                COUNT, len(self.arguments), CONTROL_PORT, self.count_offset, 4, "uint", kernels.SCALAR
            ),
        ]
        units = () if base_address is None else (kernels.Instance(self.instance, base_address),)
        return kernels.Kernel(self.name, self.vlnv, tuple(ports), tuple(registers), units)


def kernel_xml(kernel: Kernel) -> str:
    """The text of kernel.xml, for `package_xo`."""
    from runtime.formats import kernels  # noqa: PLC0415 - as above

    return kernels.write_kernel_xml(kernel.as_host_sees())


def embedded_metadata(kernel: Kernel, platform: Platform, target: str, clock_mhz: float) -> str:
    """The EMBEDDED_METADATA section of an xclbin: platform, kernel and its instance."""
    from runtime.formats import kernels  # noqa: PLC0415 - as above

    second = next((clock.mhz for clock in platform.clocks if clock.kind == "kernel"), clock_mhz)
    return kernels.write_xml(
        [kernel.as_host_sees(platform.kernel_base)],
        project=kernel.name,
        platform_vbnv=platform.vbnv,
        fpga=platform.part,
        target=target,
        data_clock_mhz=clock_mhz,
        kernel_clock_mhz=second,
    )
