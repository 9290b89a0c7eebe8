"""Host side of the accelerators of Dataflow Farm.

``import runtime`` makes the emulated card available to PYNQ (``runtime.emulation.device`` says when it is the default)
and imports nothing slow by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import discovery
from .errors import (
    CardError,
    FarmRuntimeError,
    ForgottenSyncWarning,
    InputError,
    ManifestError,
    PayloadError,
    StandInWarning,
    TrustError,
    XclbinError,
    XrtError,
)

if TYPE_CHECKING:
    from .accelerator import Accelerator

__all__ = [
    "Accelerator",
    "CardError",
    "FarmRuntimeError",
    "ForgottenSyncWarning",
    "InputError",
    "ManifestError",
    "PayloadError",
    "StandInWarning",
    "TrustError",
    "XclbinError",
    "XrtError",
]

discovery.install()


def __getattr__(name: str) -> Any:
    """``Accelerator`` on demand: it imports numpy and PYNQ."""
    if name == "Accelerator":
        from .accelerator import Accelerator  # noqa: PLC0415

        return Accelerator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
