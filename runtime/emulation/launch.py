"""Starts the payload: sets limits on itself, then becomes the program.

Run as a script with ``python -I -S``, never imported. Doing this between fork and exec of the host program instead
would run Python code in a fork of a process with threads, which can deadlock.

Arguments: file descriptor of the program, pid of the expected parent, bytes of address space, number of open files.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38


def main() -> None:
    """Replace this process by the program; exit status 126 where that cannot be done."""
    program, parent, address_space_bytes, open_files = (int(word) for word in sys.argv[1:])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit(126)
    if os.getppid() != parent:
        # The parent ended before its end could be noticed: nobody would ever stop this process.
        sys.exit(126)
    os.chdir("/")
    for which, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_AS, address_space_bytes),
    ):
        hard = resource.getrlimit(which)[1]
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (most, most))
    # Python ignores these two; a program inherits that, and would not be stopped by a closed pipe or a file it writes.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.set_inheritable(program, False)
    try:
        os.execve(program, ["payload"], {})  # noqa: S606  a program, by descriptor: no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot execute the payload: {error.strerror}\n")
        sys.exit(126)


if __name__ == "__main__":
    main()
