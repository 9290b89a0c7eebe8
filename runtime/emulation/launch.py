"""Starts the payload: sets limits on itself, then becomes the program.

Run as a script with ``python -I -S``, never imported. Doing this between fork and exec of the host program instead
would run Python code in a fork of a process with threads, which can deadlock.

Arguments: file descriptor of the program, pid of the expected parent, bytes of address space, number of open files.
"""

import ctypes
import os
import resource
import signal
import struct
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
CLONE_THREAD = 0x10000
EPERM, ENOSYS = 1, 38
# Per machine: audit number, clone, clone3, and the calls that are refused (fork and vfork, where the machine has them).
MACHINES = {"x86_64": (0xC000003E, 56, 435, (57, 58)), "aarch64": (0xC00000B7, 220, 435, ())}


class Program(ctypes.Structure):
    """``struct sock_fprog``: a filter of 8-byte instructions."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def filter_of(machine: str) -> bytes:
    """A filter that refuses new processes and allows threads.

    A parent-death signal reaches the payload alone; a process that it had started would outlive everybody.
    Instructions are (code, jump if true, jump if false, k): 0x20 loads a word of the call, 0x15 compares, 0x45 tests
    bits, 0x06 returns.
    """
    audit, clone, clone3, refused = MACHINES[machine]
    allow, refuse = (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | EPERM)
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, audit), refuse, (0x20, 0, 0, 0)]
    # Numbers of the x32 interface have this bit set: the same calls once more.
    code += [(0x45, 0, 1, 0x40000000), refuse]
    for number in refused:
        code += [(0x15, 0, 1, number), refuse]
    # The flags of clone3 lie in memory, where a filter cannot look; without it the C library takes clone.
    code += [(0x15, 0, 1, clone3), (0x06, 0, 0, 0x00050000 | ENOSYS)]
    code += [(0x15, 0, 3, clone), (0x20, 0, 0, 16), (0x45, 1, 0, CLONE_THREAD), refuse, allow]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


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
    if os.uname().machine in MACHINES:
        # Some containers allow no filters; every other limit holds there too.
        code = filter_of(os.uname().machine)
        libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(code) // 8, code)), 0, 0)
    os.set_inheritable(program, False)
    try:
        os.execve(program, ["payload"], {})  # noqa: S606  a program, by descriptor: no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot execute the payload: {error.strerror}\n")
        sys.exit(126)


if __name__ == "__main__":
    main()
