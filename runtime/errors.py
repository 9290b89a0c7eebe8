"""The errors of the runtime. Each says what is wrong, where, and what to do about it."""

from __future__ import annotations

from .output import clean


class FarmRuntimeError(RuntimeError):
    """Base of every error this package raises on purpose.

    ``what`` is the fact, ``where`` the file, section, argument or device it was found in (may be empty),
    ``remedy`` the next thing to do (may be empty). ``str()`` is one line of the three, without control characters:
    a host program's traceback prints it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        text = f"{where}: {what}" if where else what
        super().__init__(clean(f"{text}; {remedy}" if remedy else text))


class XclbinError(FarmRuntimeError):
    """A file is not a sound xclbin, or the values given cannot be written as one."""


class ManifestError(FarmRuntimeError):
    """The manifest inside an xclbin is missing, malformed, or disagrees with the file it describes."""


class TrustError(FarmRuntimeError):
    """A native payload is not trusted, or the list of trusted payloads cannot be used."""


class CardError(FarmRuntimeError):
    """The host program asks something of the emulated card that a real card could not do either."""


class PayloadError(FarmRuntimeError):
    """The emulation payload crashed, hung, or answered nonsense."""


class InputError(FarmRuntimeError):
    """An image, a weight file or an option given to the runtime does not fit."""


class XrtError(FarmRuntimeError):
    """AMD's XRT is not here, or does not get on with a file."""


class StandInWarning(UserWarning):
    """The network has random weights: results equal the model bit for bit, and the classes mean nothing."""


class ForgottenSyncWarning(UserWarning):
    """A call reads a buffer that the host program wrote and never synced to the card."""
