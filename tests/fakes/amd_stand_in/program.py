"""The programs: command lines, banners, exit status. `bin/<program>` of an install tree calls `main` with its name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from amd_stand_in.console import Console, now
from amd_stand_in.errors import ToolError
from amd_stand_in.misbehave import Faults
from amd_stand_in.run import Run
from amd_stand_in.tcl import Interpreter


class UsageError(Exception):
    """The command line is not valid for the program."""


def main(program: str, release: str, root: str) -> int:
    """Run a program of the install tree of a release at `root`. Returns its exit status."""
    words = sys.argv[1:]
    try:
        if program in ("vivado_hls", "vitis_hls", "vitis-run"):
            return _hls(program, release, Path(root), words)
        if program == "vivado":
            return _vivado(release, Path(root), words)
        from amd_stand_in.vpp import programs as link_programs

        return link_programs.main(program, release, Path(root), words)
    except UsageError as error:
        print(f"ERROR: {error}", flush=True)
        return 1


def _options(words: list[str], flags: set[str], values: set[str]) -> tuple[dict[str, str], list[str], list[str]]:
    """Options, positional words, and the words after -tclargs."""
    found: dict[str, str] = {}
    positional: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "-tclargs":
            return found, positional, rest
        if word in values:
            if not rest:
                raise UsageError(f"option '{word}' needs a value")
            found[word] = rest.pop(0)
        elif word in flags:
            found[word] = ""
        elif word.startswith("-"):
            raise UsageError(f"Unknown option '{word}'")
        else:
            positional.append(word)
    return found, positional, []


def _hls(program: str, release: str, root: Path, words: list[str]) -> int:
    if program == "vitis-run":
        found, positional, extra = _options(
            words,
            {"--itcl", "--csim", "--cosim", "--package", "--impl", "-h", "--help", "-v", "--version"},
            {"--mode", "--tcl", "--config", "--work_dir", "--input_file", "--platform", "--part", "--freqhz"},
        )
        if "--version" in found or "-v" in found:
            print(f"vitis-run v{release} (64-bit)")
            return 0
        script = found.get("--tcl") or (positional[0] if positional else "")
        if found.get("--mode") != "hls":
            raise UsageError("vitis-run needs --mode hls")
        given: list[str] = []
        log = "vitis_hls.log"
    else:
        found, positional, extra = _options(
            words, {"-i", "-n", "-nosplash", "-version", "-help"}, {"-f", "-l", "-p", "-root_dir"}
        )
        if "-version" in found:
            title = "Vivado HLS" if program == "vivado_hls" else "Vitis HLS"
            print(f"{title} - High-Level Synthesis from C, C++ and OpenCL v{release} (64-bit)")
            return 0
        script = found.get("-f") or (positional[0] if positional else "")
        # With -f the user's words begin at index 2 of $argv; with a positional script and -tclargs, at 0.
        given = ["-f", script] if "-f" in found else []
        log = found.get("-l", f"{program}.log")
    if not script:
        raise UsageError(f"{program}: no script was given; the stand-in has no window")
    console = Console(Path(log))
    console.line()
    title = "Vivado(TM) HLS" if program == "vivado_hls" else "Vitis HLS"
    console.line(f"****** {title} - High-Level Synthesis from C, C++ and OpenCL v{release} (64-bit)")
    console.line("  **** stand-in for tests: nothing is synthesised")
    console.line()
    faults = Faults(program, root, console)
    leave = _leave(console, faults, title="vitis_hls" if program != "vivado_hls" else program)
    tcl = Interpreter(console, leave, lambda name, error: _hls_tail(console, name, error))
    run = Run(program, release, root, console, faults, tcl)
    from amd_stand_in.hls.tool import Hls

    Hls(run).define()
    tcl.variable("argv", [*given, *extra])
    tcl.variable("argc", len(given) + len(extra))
    return _execute(run, script, leave)


def _hls_tail(console: Console, name: str, error: ToolError) -> str:
    for line in error.lines():
        console.errors += 1
        console.line(line)
    return f"command '{name}' returned error code"


def _vivado(release: str, root: Path, words: list[str]) -> int:
    flags = {
        "-nolog",
        "-nojournal",
        "-appjournal",
        "-applog",
        "-notrace",
        "-init",
        "-verbose",
        "-version",
        "-help",
        "-s",
        "-m32",
        "-robot",
    }
    scripts = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-source"]
    found, _, extra = _options(words, flags, {"-mode", "-source", "-log", "-journal", "-tempDir", "-stack"})
    if "-version" in found:
        print(f"Vivado v{release} (64-bit)\nstand-in for tests")
        return 0
    if found.get("-mode") != "batch":
        raise UsageError("the stand-in of vivado runs with -mode batch only: -mode tcl would stay in its shell")
    if not scripts:
        raise UsageError("vivado -mode batch needs -source")
    console = Console(None if "-nolog" in found else Path(found.get("-log", "vivado.log")))
    if "-nojournal" not in found:
        Path(found.get("-journal", "vivado.jou")).write_text("# stand-in\n")
    console.line("#-----------------------------------------------------------")
    console.line(f"# Vivado v{release} (64-bit)")
    console.line(f"# Start of session at: {now()}")
    console.line("# stand-in for tests: nothing is synthesised")
    console.line("#-----------------------------------------------------------")
    faults = Faults("vivado", root, console)
    leave = _leave(console, faults, title="Vivado")
    tcl = Interpreter(console, leave, lambda name, error: _vivado_tail(console, name, error))
    run = Run("vivado", release, root, console, faults, tcl)
    from amd_stand_in.vivado.tool import Vivado

    Vivado(run).define()
    tcl.variable("argv", extra)
    tcl.variable("argc", len(extra))
    for script in scripts:
        status = _execute(run, script, leave)
        if status:
            return status
    return 0


def _vivado_tail(console: Console, name: str, error: ToolError) -> str:
    lines = error.lines()
    for line in lines:
        console.errors += 1
        console.line(line)
    short = error.code.startswith("Common 17-1") and error.code != "Common 17-1294"
    return lines[-1] if short else f"ERROR: [Common 17-39] '{name}' failed due to earlier errors."


def _leave(console: Console, faults: Faults, title: str) -> Callable[[int], None]:
    def leave(status: int) -> None:
        """End the tool, as `exit` does."""
        if faults.value("errorline", "exit") is not None:
            console.error("Common 17-69", "Command failed: an error on request, with exit status 0")
            status = 0
        if faults.value("silent", "exit") is None:
            console.info("Common 17-206", f"Exiting {title} at {now()}...")
        console.flush()
        if (wanted := faults.value("truncate", "log")) is not None and console.path is not None:
            data = console.path.read_bytes()
            console.path.write_bytes(data[: len(data) // (int(wanted or 2))])
        os._exit(status)

    return leave


def _execute(run: Run, script: str, leave: Callable[[int], None]) -> int:
    console = run.console
    if not Path(script).is_file():
        console.error("Common 17-354", f"Could not open '{script}' for reading.")
        leave(1)
    try:
        run.faults.strike("")
    except ToolError as error:
        for line in error.lines():
            console.line(line)
        leave(1)
    console.line(f"source {script} -notrace" if run.program == "vivado" else f"Sourcing Tcl script '{script}'")
    # The tools source scripts in HOME at every start, so a run with the user's HOME is not hermetic.
    name = "Vivado/Vivado_init.tcl" if run.program == "vivado" else "HLS_init.tcl"
    start = Path(os.environ.get("HOME", "/nonexistent"), ".Xilinx", name)
    failed = None
    if start.is_file():
        console.line(f"Sourcing tcl script '{start}'")
        failed = run.tcl.run(start)
    failed = failed or run.tcl.run(Path(script))
    if failed is not None:
        console.line(failed)
        leave(1)
    if run.program != "vivado":
        console.info(
            "HLS 200-112",
            "Total CPU user time: 1 seconds. Total CPU system time: 0 seconds. Total elapsed time: 1.00 seconds; peak allocated memory: 100.000 MB.",
        )
    leave(0)
    return 0
