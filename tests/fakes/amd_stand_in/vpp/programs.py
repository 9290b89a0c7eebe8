"""The programs beside Vivado and HLS: v++, xclbinutil, platforminfo, emconfigutil, kernelinfo."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from amd_stand_in.console import Console
from amd_stand_in.errors import ToolError
from amd_stand_in.misbehave import Faults
from amd_stand_in.vpp import kernel_object
from amd_stand_in.vpp import options as vpp_options
from amd_stand_in.vpp.inputs import find_platform
from amd_stand_in.vpp.link import Link


def main(program: str, release: str, root: Path, words: list[str]) -> int:
    """Run one of them."""
    try:
        if program == "v++":
            return _vpp(release, root, words)
        return {
            "xclbinutil": _xclbinutil,
            "platforminfo": _platforminfo,
            "emconfigutil": _emconfigutil,
            "kernelinfo": _kernelinfo,
        }[program](release, words)
    except ToolError as error:
        print("\n".join(error.lines()))
        return 1


def _vpp(release: str, root: Path, words: list[str]) -> int:
    console = Console(None)
    console.line(f"****** v++ v{release} (64-bit)")
    console.line("  **** stand-in for tests: nothing is implemented")
    faults = Faults("v++", root, console)
    options = vpp_options.Options()
    try:
        options = vpp_options.read(words, release, lambda text: console.warning("Stand-in 1-1", text))
        if "--version" in options.flags:
            return 0
        if "--link" not in options.flags:
            raise ToolError("Stand-in 1-2", "only v++ --link is modelled.")
        log = Path(options.get("log_dir") or Path(options.get("temp_dir", "_x")) / "logs") / "link/v++.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        console = Console(log)
        faults = Faults("v++", root, console)
        console.line(f"****** v++ v{release} (64-bit)")
        console.info("v++ 60-1306", "Additional information associated with this v++ link can be found at:")
        console.line(f"\tReports: {options.get('report_dir', '_x/reports')}")
        faults.strike("")
        Link(options, release, root, console, faults, words).run()
    except ToolError as error:
        for line in error.lines():
            console.line(line)
        console.error("v++ 60-661", "v++ link run 'run_link' failed")
        console.error("v++ 60-626", "Kernel link failed to complete")
        console.error("v++ 60-703", "Failed to finish linking")
        console.flush()
        return 1
    if faults.value("errorline", "exit") is not None:
        console.error("v++ 60-703", "Failed to finish linking: on request, with exit status 0")
    console.flush()
    return 0


def _xclbinutil(release: str, words: list[str]) -> int:
    from amd_stand_in.vpp import xclbin_file

    from runtime.errors import FarmRuntimeError
    from runtime.formats import xclbin

    values: dict[str, str] = {}
    flags = {"--force", "-q", "--quiet", "-v", "--verbose", "--list-sections", "--version"}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in flags:
            values[word] = ""
        elif word in ("-i", "--input", "--dump-section", "-o", "--output"):
            if not rest:
                raise ToolError("XCLBINUTIL", f"option '{word}' needs a value")
            values["--input" if word == "-i" else word] = rest.pop(0)
        elif word == "--info":
            values["--info"] = rest.pop(0) if rest and not rest[0].startswith("-") else ""
        else:
            print(f"ERROR: unrecognised option '{word}'")
            return 1
    if "--version" in values:
        print(f"XRT Build Version: 0.0.0 ({release})")
        return 0
    path = values.get("--input") or values.get("--info")
    if not path:
        print("ERROR: --input is missing")
        return 1
    try:
        file = xclbin.read(path)
    except FarmRuntimeError as error:
        print(f"ERROR: {error}")
        return 1
    if "--info" in values:
        text = xclbin_file.info(file, release)
        target = values["--info"] if "--input" in values else ""
        if not target:
            print(text)
        elif Path(target).exists() and "--force" not in values:
            print(f"ERROR: '{target}' exists. --force overwrites it.")
            return 1
        else:
            Path(target).write_text(text)
    if "--dump-section" in values:
        return _dump(file, values["--dump-section"], "--force" in values)
    return 0


def _dump(file: object, text: str, force: bool) -> int:
    section, _, rest = text.partition(":")
    kind, _, target = rest.partition(":")
    data = next((s.data for s in file.sections if s.kind_name == section), None)
    if data is None or kind != "RAW" or not target:
        print(f"ERROR: --dump-section {text}: the stand-in writes sections that are there as RAW")
        return 1
    if Path(target).exists() and not force:
        print(f"ERROR: '{target}' exists. --force overwrites it.")
        return 1
    Path(target).write_bytes(data)
    return 0


def _platforminfo(release: str, words: list[str]) -> int:
    if words[:1] in (["-l"], ["--list"]):
        import os

        found = []
        for folder in filter(None, os.environ.get("PLATFORM_REPO_PATHS", "").split(":")):
            found += [
                {"baseName": path.stem, "pathToXpfm": str(path)} for path in sorted(Path(folder).glob("*/*.xpfm"))
            ]
        print(json.dumps({"platforms": found}, indent=1))
        return 0
    if len(words) < 2 or words[0] not in ("-p", "--platform"):
        raise ToolError("platforminfo 1-1", "platforminfo -p <platform> or -l")
    platform = find_platform(words[1])
    print(
        f"==========================\nBasic Platform Information\n==========================\nPlatform:           {platform.name}\nFPGA Part:          {platform.part}\nstand-in {release}"
    )
    return 0


def _emconfigutil(release: str, words: list[str]) -> int:
    values = dict(zip(words[::2], words[1::2], strict=False))
    unknown = set(values) - {"-f", "--platform", "--nd", "--od"}
    if unknown or not ({"-f", "--platform"} & set(values)):
        raise ToolError(
            "ConfigUtil 60-1",
            f"emconfigutil --platform <p> [--nd n] [--od d]; unknown: {', '.join(sorted(unknown)) or 'none'}",
        )
    platform = find_platform(values.get("--platform") or values["-f"])
    folder = Path(values.get("--od", "."))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "emconfig.json").write_text(
        json.dumps(
            {
                "Version": {"FileVersion": "2.0"},
                "Platform": {"Boards": [{"Devices": [{"Name": platform.name}] * int(values.get("--nd", "1"))}]},
                "stand_in": release,
            }
        )
    )
    return 0


def _kernelinfo(release: str, words: list[str]) -> int:
    names = [word for word in words if not word.startswith("-")]
    if len(names) != 1:
        raise ToolError("kernelinfo 1-1", "kernelinfo <file>.xo")
    kernel, _, _ = kernel_object.unpack(Path(names[0]), release)
    print(f"=== Kernel Definition ===\nname: {kernel.name}\nvlnv: {kernel.vlnv}\nhwControlProtocol: {kernel.protocol}")
    for argument in kernel.arguments:
        print(f"arg: {argument.name} offset: {argument.offset:#x} port: {argument.port}")
    sys.stdout.flush()
    return 0
