"""An install tree of a release, with the stand-in's programs in it: `python install.py <folder> <release> [...]`.

    <root>/Vivado/<release>/{bin/vivado, settings64.sh}         and bin/vivado_hls in 2019.2
    <root>/Vitis_HLS/<release>/{bin/vitis_hls, settings64.sh}   2020.1 to 2024.1 (2024.2: in Vitis/)
    <root>/Vitis/<release>/{bin/v++, xclbinutil, platforminfo, emconfigutil, kernelinfo, vitis-run, settings64.sh}
    <root>/xrt/{setup.sh, bin/xclbinutil}
    <root>/platforms/<name>/{<name>.xpfm, hw/<name>.xsa}

Each release folder has a file STAND_IN, so the tree can be recognised without starting a program.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))

from amd_stand_in.devices import PLATFORMS  # noqa: E402
from amd_stand_in.release import hls_program, order  # noqa: E402

__all__ = ["environment", "hls_program", "make", "programs"]
MARKER = "STAND_IN"
LINK = ("v++", "platforminfo", "emconfigutil", "kernelinfo")


def programs(release: str) -> dict[str, tuple[str, ...]]:
    """The product folders of a release and their programs."""
    now = order(release)
    vivado = ["vivado"] + (["vivado_hls"] if now < (2020, 2) else [])
    vitis = [*LINK, "xclbinutil"]
    if now >= (2023, 2):
        vitis.append("vitis-run")
    found = {"Vivado": vivado, "Vitis": vitis}
    # Since 2024.2 the HLS tool is in the folder of Vitis.
    if (2020, 1) <= now < (2024, 2):
        found["Vitis_HLS"] = ["vitis_hls"]
    elif (2024, 2) <= now < (2025, 1):
        vitis.append("vitis_hls")
    return {folder: tuple(names) for folder, names in found.items()}


def make(
    root: Path, release: str, platforms: Sequence[str] | None = None, *, xrt: bool = True, python: str = sys.executable
) -> Path:
    """Make the tree. `platforms`: None for all known. Returns `root`."""
    root = root.resolve()
    project = HERE.parents[2]
    # Steps tell Python to write no bytecode: each start of a tool would compile the whole stand-in.
    compileall.compile_dir(HERE, quiet=2)
    made = programs(release)
    for product, names in made.items():
        folder = root / product / release
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / MARKER).write_text(f"A stand-in of {product} {release} for tests: its programs synthesise nothing.\n")
        for name in names:
            _program(folder / "bin" / name, name, release, root, project, python)
        _settings(folder, product, release, root, made)
    if xrt:
        (root / "xrt/bin").mkdir(parents=True, exist_ok=True)
        _program(root / "xrt/bin/xclbinutil", "xclbinutil", release, root, project, python)
        (root / "xrt" / MARKER).write_text("A stand-in of XRT's xclbinutil.\n")
        (root / "xrt/setup.sh").write_text(f"export XILINX_XRT={root}/xrt\nexport PATH={root}/xrt/bin:$PATH\n")
    for name in PLATFORMS if platforms is None else platforms:
        folder = root / "platforms" / name
        (folder / "hw").mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.xpfm").write_text(
            f'<?xml version="1.0"?>\n<!-- stand-in -->\n<sdx:platform sdx:name="{name}"/>\n'
        )
        _hardware(folder / "hw" / f"{name}.xsa", name)
    return root


def _hardware(path: Path, name: str) -> None:
    """The platform's hardware: a zip with a description of the part (with the names that public readers use)."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- stand-in -->\n<xd:component xmlns:xd="http://www.xilinx.com/xd">\n'
        f'  <xd:platformInfo>\n    <xd:deviceInfo xd:name="{PLATFORMS[name].part}"/>\n    <xd:systemClocks>\n'
        '      <xd:clock xd:id="0" xd:period="3.333"/>\n      <xd:clock xd:id="1" xd:period="2.000"/>\n'
        "    </xd:systemClocks>\n  </xd:platformInfo>\n</xd:component>\n"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.hpfm", (1980, 1, 1, 0, 0, 0)), text)


def environment(root: Path, release: str) -> dict[str, str]:
    """The variables that `settings64.sh` and XRT's `setup.sh` set; PATH holds only the tools' folders."""
    made = programs(release)
    hls = "Vitis_HLS" if "Vitis_HLS" in made else "Vitis" if order(release) >= (2024, 2) else "Vivado"
    folders = [str(root / product / release / "bin") for product in made]
    return {
        "XILINX_VIVADO": str(root / "Vivado" / release),
        "XILINX_VITIS": str(root / "Vitis" / release),
        "XILINX_HLS": str(root / hls / release),
        "XILINX_XRT": str(root / "xrt"),
        "PLATFORM_REPO_PATHS": str(root / "platforms"),
        "PATH": ":".join([*folders, str(root / "xrt/bin")]),
    }


def _program(path: Path, name: str, release: str, root: Path, project: Path, python: str) -> None:
    path.write_text(
        f"#!{python}\nimport sys\nsys.path[:0] = [{str(HERE.parent)!r}, {str(project)!r}]\n"
        f"from amd_stand_in.program import main\nsys.exit(main({name!r}, {release!r}, {str(root)!r}))\n"
    )
    path.chmod(0o755)


def _settings(folder: Path, product: str, release: str, root: Path, made: dict[str, tuple[str, ...]]) -> None:
    values = environment(root, release)
    name = {"Vivado": "XILINX_VIVADO", "Vitis": "XILINX_VITIS", "Vitis_HLS": "XILINX_HLS"}[product]
    lines = [f"export {name}={folder}", f"export PATH={folder}/bin:$PATH"]
    if product == "Vitis":
        lines += [f"source {root / other / release}/settings64.sh" for other in made if other != "Vitis"]
        lines.append(f"export XILINX_HLS={values['XILINX_HLS']}")
    (folder / "settings64.sh").write_text("\n".join(lines) + "\n")


def main() -> int:
    """Make the trees named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("release")
    parser.add_argument("--platform", action="append", help="a platform (default: all known)")
    parser.add_argument("--no-xrt", action="store_true")
    words = parser.parse_args()
    make(words.folder, words.release, words.platform, xrt=not words.no_xrt)
    for name, value in environment(words.folder.resolve(), words.release).items():
        sys.stdout.write(f"export {name}={value}{':$PATH' if name == 'PATH' else ''}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
