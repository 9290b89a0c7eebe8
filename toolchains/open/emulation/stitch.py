"""Join the cores: `python -m toolchains.open.emulation.stitch` is the `stitch` step of target sw_emu.

It checks the interfaces of the compiled cores against the design, writes `kernel.xml`, and links the cores' bodies into
the emulation's `program`. It compiles no core, only the table that names them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from integration.interfaces import check_interfaces
from integration.kernel import Kernel, kernel_xml
from toolchains.open.emulation.isa import ISA_LEVEL

FLAGS = ("-std=c++14", "-O2", f"-march={ISA_LEVEL}", "-Wall")


def main() -> int:
    """Run the step in the current folder.

    Returns:
        0, or 1 after printing the mismatches or the linker's failure.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--design", type=Path, required=True)
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("cores", nargs="+", help="core names; each has a folder with core.o and interface.json")
    arguments = parser.parse_args()
    design = json.loads(arguments.design.read_text())
    interfaces = {core: json.loads(Path(core, "interface.json").read_text()) for core in arguments.cores}
    faults = check_interfaces(design, interfaces)
    for fault in faults:
        print(f"ERROR: {fault}")
    if faults:
        return 1
    objects = [f"{core}/core.o" for core in arguments.cores]
    # Link the C++ library statically: the program then runs wherever the C library is at least as new as this one.
    command = ["g++", *FLAGS, "-I", ".", "-o", "program", "main.cpp", *objects]
    try:
        done = subprocess.run([*command, "-static-libstdc++", "-static-libgcc", "-pthread", "-s"], check=False)
    except FileNotFoundError:
        print("ERROR: there is no g++; install it, e.g. apt-get install g++")
        return 1
    if done.returncode:
        print(f"ERROR: g++ ended with status {done.returncode}; its first message is above")
        return 1
    Path("kernel.xml").write_text(kernel_xml(Kernel.from_description(json.loads(arguments.kernel.read_text()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
