"""``python -m runtime.xrt.device``: started by XRT in place of AMD's simulator; ends with its host.

The launcher (``runtime.xrt.launcher``) says by the environment what XRT does not: the shell that the card has, and the
FIFO in which this process says how it fares (``control``).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from pathlib import Path

from ...bounded.regular_file import open_regular
from ...errors import FarmRuntimeError, TrustError, XrtError
from ...formats import emulation_data
from ...formats.xclbin import MOST_BYTES
from ...output import clean_output
from ...simulation import statistics
from .. import control
from . import card, wire
from .session import CLOSE, Session

_CONNECT_S = 60.0
_SECOND_CONNECT_S = 6.0
_LOOK_S = 0.005
_WHERE = "the loaded xclbin"
_FIRST_CALL = 1


def main() -> int:
    """Exit status: 0, or 1 after telling why there is no card."""
    clean_output()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Meant for the program, in whose process group this one is; it ends with the program.
        signal.signal(number, signal.SIG_IGN)
    try:
        loaded = card.load(_parts(), platform=os.environ[control.PLATFORM_VARIABLE], where=_WHERE)
    except FarmRuntimeError as error:
        return _refuse(_named(error))
    except Exception as error:  # a host would wait for this process for five minutes
        return _refuse(XrtError(f"no card can be made of it ({error!r})", where=_WHERE, remedy="rebuild it"))
    session = Session(loaded)
    try:
        _serve(session)
    finally:
        session.flush()
        _tell_cycles(loaded)
        loaded.payload.close()
    control.ended()
    return 0


def _tell_cycles(loaded: card.Card) -> None:
    """What the simulated kernel took for the last call; XRT has no way to ask."""
    if not loaded.payload.simulates:
        return
    with contextlib.suppress(FarmRuntimeError):
        counted = statistics.parse(loaded.payload.statistics(), _WHERE)
        sys.stderr.write(
            f"note: the kernel took {counted.cycles:,} cycles for the last call, {counted.images} images, "
            f"{counted.milliseconds(counted.cycles):.3f} ms at {counted.clock_mhz:g} MHz\n"
        )
        sys.stderr.flush()


def _named(error: FarmRuntimeError) -> FarmRuntimeError:
    """The error with the file in it, whose name XRT does not tell."""
    if isinstance(error, TrustError):
        program = __package__.partition(".")[0]
        remedy = f"if you know where the file is from: python -m {program} trust FILE"
        return TrustError(error.what, where=_WHERE, remedy=remedy)
    where = error.where if error.where.startswith(_WHERE) else f"{_WHERE}, {error.where}".rstrip(", ")
    return type(error)(error.what, where=where, remedy=error.remedy)


def _refuse(error: FarmRuntimeError) -> int:
    """Let the launcher end the host: XRT itself would wait, and take no error for an answer."""
    control.refused(error)
    return 1


def _serve(session: Session) -> None:
    """Answer until the host closes or ends."""
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(_connect(_socket_path(""), _CONNECT_S))
        with contextlib.suppress(OSError):
            # A second thread of XRT waits for requests to memory of the host, and holds up its end by 5 s unless it is
            # told that none will come.
            second = stack.enter_context(_connect(_socket_path("D2X_unix_sock_"), _SECOND_CONNECT_S))
            second.sendall(wire.REQUEST.pack(wire.SIZE_TAG, 0, wire.CALL_TAG, _FIRST_CALL))
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            while True:
                try:
                    request = wire.receive(host)
                except wire.WireError as error:
                    session.say(error)
                    return
                if request is None:
                    return
                wire.answer(host, session.answer(*request))
                if request[0] == CLOSE:
                    return


def _socket_path(prefix: str) -> str:
    """Where XRT listens (``unix_socket`` of its ``common_em``); the launcher has set USER."""
    name = prefix + os.environ["EMULATION_SOCKETID"]
    user = os.environ.get("USER")
    return f"/tmp/{name}" if user is None else f"/tmp/{user}/{name}"  # noqa: S108  XRT's own choice


def _connect(path: str, within_s: float) -> socket.socket:
    """A connection to XRT, which may not listen yet. Raises OSError."""
    deadline_s = time.monotonic() + within_s
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            if time.monotonic() >= deadline_s or os.getppid() == 1:
                raise
            time.sleep(_LOOK_S)
        else:
            return connection


def _parts() -> dict[str, bytes]:
    """Section EMULATION_DATA, which XRT has written to a file, by our own reader: nothing is unpacked to a folder."""
    number = os.environ["EMULATION_SOCKETID"].split("_")[1]
    folder = Path(os.environ["EMULATION_RUN_DIR"], f"binary_{number}")
    found = sorted(folder.glob("emuDataFile_*"))
    if not found:
        return {}
    with open_regular(found[-1], most_bytes=MOST_BYTES) as file:
        return emulation_data.unpack(file.read())


if __name__ == "__main__":
    sys.exit(main())
