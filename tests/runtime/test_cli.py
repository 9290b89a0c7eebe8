from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from runtime.__main__ import main
from runtime.formats.manifest import Parameters

ROOT = Path(__file__).resolve().parents[2]
ANNOUNCEMENT = ROOT / ".." / "shared" / "background" / "finn_resnet50_announcement.txt"

# The same program for another network: only names and shapes differ.
TWIN = """\
import pynq
ol=pynq.Overlay("digits.xclbin")
accelerator=ol.digits_1
fcbuf = pynq.allocate((10,16), dtype=np.int8, target=ol.bank0)
fcbuf[:] = fcweights
fcbuf.sync_to_device()
inbuf = pynq.allocate((8,8,1), dtype=np.int8, target=ol.bank0)
outbuf = pynq.allocate((3,), dtype=np.uint32, target=ol.bank0)
inbuf[:] = img
inbuf.sync_to_device()
accelerator.call(inbuf, outbuf, fcbuf, 1)
outbuf.sync_from_device()
results = np.copy(outbuf)
"""


def start(*words, cwd, environment=None):
    """The command as a user runs it, in a process of its own."""
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "200", **(environment or {})}
    argv = [sys.executable, *words]
    return subprocess.run(argv, cwd=cwd, env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture()
def picture(tmp_path):
    path = tmp_path / "digit.png"
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(path)
    return path


def answer(weights, image):
    return int(image.astype(np.int64).sum() + weights.astype(np.int64).sum() + 1000)


@pytest.mark.slow
def test_the_twin_runs_in_its_own_process(build, tmp_path, picture):
    weights = np.full((10, 16), 2, np.int8)
    build()
    np.save(tmp_path / "fc.npy", weights)
    (tmp_path / "twin.py").write_text(TWIN)
    done = start("-m", "runtime", "run", "twin.py", "--image", picture, "--fc-weights", "fc.npy", cwd=tmp_path)
    first = answer(weights, np.arange(64))
    assert done.returncode == 0, done.stderr
    assert f"results: [{first}, {first + 1}, {first + 2}]" in done.stdout


@pytest.mark.skipif(not ANNOUNCEMENT.is_file(), reason="the announcement is not beside this checkout")
def test_the_announcement_runs_verbatim(build, tmp_path, monkeypatch, capsys):
    text = ANNOUNCEMENT.read_text().splitlines()
    code = [line for line in text if re.match(r"(import |ol=|accelerator|fcbuf|inbuf|outbuf|results)", line)]
    assert len(code) == 13
    (tmp_path / "snippet.py").write_text("\n".join(code) + "\n")
    folder = tmp_path / "build" / "resnet50" / "open-sw_emu"
    folder.mkdir(parents=True)
    weights = np.random.default_rng(1).integers(-128, 128, (1000, 2048), np.int8)
    image = np.random.default_rng(2).integers(0, 256, (224, 224, 3), np.uint8)
    options = {"name": "resnet50", "image": (224, 224, 3), "weights": (1000, 2048), "k": 5}
    build(fc=weights.tobytes(), **options).rename(folder / "resnet50.xclbin")
    np.save(tmp_path / "img.npy", image)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "snippet.py", "--image", "img.npy"]) == 0
    first = answer(weights, image)
    assert f"results: {[first + n for n in range(5)]}" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.slow
def test_the_snippet_runs_in_a_notebook(build, tmp_path, picture):
    """Cells of plain Python after ``import runtime``; nothing else is known of us."""
    build()
    cells = "import runtime, numpy as np\nimg = np.ones((8,8,1), np.uint8)\nfcweights = np.ones((10,16), np.int8)\n"
    done = start("-c", cells + TWIN + "print(results)", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"[{64 + 160 + 1000} {64 + 160 + 1001} {64 + 160 + 1002}]"


@pytest.mark.slow
def test_the_notebook_may_import_pynq_and_look_for_cards_first(build, tmp_path):
    build()
    code = "import warnings, pynq\nwarnings.simplefilter('ignore')\nassert not pynq.Device.devices\nimport runtime\n"
    code += "print([d.tag for d in pynq.Device.devices], pynq.Device.active_device.tag)"
    done = start("-c", code, cwd=tmp_path)
    assert done.stdout.strip() == "['emulated0'] emulated0", done.stderr


@pytest.mark.slow
def test_import_is_light_and_pynq_stays_itself(tmp_path):
    code = "import sys, runtime, runtime.formats.xclbin, runtime.formats.manifest\n"
    code += "assert not {'pynq', 'numpy', 'rich', 'PIL'} & set(sys.modules), sys.modules\n"
    code += "import pynq, importlib.resources as r\n"
    code += "assert 'runtime' not in type(pynq.__loader__).__module__\n"
    code += "assert r.files('pynq').joinpath('overlay.py').is_file()\n"
    code += "assert not any('runtime' in type(f).__module__ for f in sys.meta_path)\n"
    done = start("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "first"),
    [({}, "emulated"), ({"DATAFLOW_FARM_CARD": "emulated"}, "emulated"), ({"DATAFLOW_FARM_CARD": "real"}, "card")],
)
def test_which_card_is_the_default(tmp_path, environment, first):
    code = """
import runtime, pynq
class Real(pynq.Device):
    _probe_priority_ = 200
    @classmethod
    def _probe_(cls):
        return [cls("card0")]
print(pynq.Device.active_device.tag, len(pynq.Device.devices))
"""
    done = start("-c", code, cwd=tmp_path, environment=environment)
    assert done.stdout.split() == [f"{first}0", "2"], done.stderr


def test_xrt_without_its_library_breaks_nothing_of_ours(build, tmp_path):
    path = build()
    environment = {"XILINX_XRT": str(tmp_path)}
    done = start("-c", "import runtime, runtime.accelerator", cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    done = start("-m", "runtime", "info", path, cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr


def test_info_says_what_is_inside(build, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    path = build(fc=bytes(160))
    done = start("-m", "runtime", "info", path, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    for words in ("xilinx_u250_xdma_201830_2", "SW_EMU", "MEM_TOPOLOGY", "bank0", "PLRAM[0]", "0x4000000000", "16384"):
        assert words in done.stdout
    for words in ("xilinx.com:hls:digits:1.0", "0x1c", "bank0, PLRAM[0]", "uint8/int8 (8, 8, 1) per image, in"):
        assert words in done.stdout
    assert "trusted" in done.stdout


def test_info_on_files_of_others(capsys):
    corpus = ROOT / ".." / "shared" / "reports_corpus" / "handoff"
    files = sorted(corpus.glob("*.xclbin"))
    if not files:
        pytest.skip("the corpus of real files is not beside this checkout")
    for path in files:
        assert main(["info", str(path)]) == 0


def test_trust_then_classify(build, picture, tmp_path, capsys):
    weights = np.zeros((10, 16), np.int8)
    path = build(
        trusted=False, fc=weights.tobytes(), bias=(1 << 32) - 2016, facts={"labels": tuple("abcdefghijklmnop")}
    )
    assert main(["classify", str(picture), "--xclbin", str(path)]) == 2
    assert f"python -m runtime trust {path}" in capsys.readouterr().err
    assert main(["trust", str(path)]) == 0
    assert "is now trusted" in capsys.readouterr().out
    assert main(["trust", str(path)]) == 0
    assert "was trusted already" in capsys.readouterr().out
    weights[:] = 0
    weights[0, 0] = 5
    np.savetxt(tmp_path / "fc.csv", weights, delimiter=",", fmt="%d")
    words = ["classify", str(picture), str(picture), "--xclbin", str(path), "--fc-weights", str(tmp_path / "fc.csv")]
    assert main(words) == 0
    # pixels 0..63 sum to 2016, which the bias takes away: classes 5, 6, 7.
    assert capsys.readouterr().out.splitlines() == [f"{picture}: f, g, h"] * 2


@pytest.mark.parametrize(
    ("script", "more", "words"),
    [
        (None, [], ["cannot be read"]),
        ("import pynq\nx = (\n", [], ["script.py:2", "is not Python"]),
        ("x = 1\n", [], ["names no xclbin", "--xclbin"]),
        ("x = 'a.xclbin', 'b.xclbin'\n", [], ["names 2 xclbin files"]),
        ("x = 'other.xclbin'\n", [], ["no other.xclbin here or below build/"]),
        ("x = 'twice.xclbin'\n", [], ["2 times", "build/a/b/twice.xclbin"]),
        (TWIN, ["--image", "none.png"], ["none.png", "cannot be read"]),
        (TWIN, ["--image", "digits.xclbin"], ["no PNG, JPEG or .npy"]),
        (TWIN, [], ["holds no FC weights", "--fc-weights"]),
        (TWIN, ["--fc-weights", "none.npy"], ["none.npy", "cannot be read"]),
        (TWIN, ["--fc-weights", "bad.npy"], ["bad.npy", "(16, 10)", "(10, 16)"]),
        (TWIN, ["--fc-weights", "pickle.npy"], ["pickle.npy", "cannot be read"]),
        (TWIN, ["--fc-weights", "big.npy"], ["big.npy", "outside of int8"]),
        (TWIN, ["--xclbin", "none.xclbin"], ["none.xclbin", "cannot be read"]),
        (TWIN, ["--xclbin", "digit.png"], ["does not begin with"]),
        (TWIN.replace("(3,)", "(2,)"), ["--fc-weights", "fc.npy"], ["out_r", "12 bytes", "8"]),
    ],
)
def test_mistakes_are_one_line(build, tmp_path, picture, monkeypatch, capsys, script, more, words):
    build()
    np.save(tmp_path / "fc.npy", np.zeros((10, 16), np.int8))
    np.save(tmp_path / "bad.npy", np.zeros((16, 10), np.int8))
    np.save(tmp_path / "big.npy", np.full((10, 16), 200))
    np.save(tmp_path / "pickle.npy", np.array([{}], object), allow_pickle=True)
    for folder in ("a/b", "c/d"):
        (tmp_path / "build" / folder).mkdir(parents=True)
        (tmp_path / "build" / folder / "twice.xclbin").touch()
    if script is not None:
        (tmp_path / "script.py").write_text(script)
    monkeypatch.chdir(tmp_path)
    arguments = ["run", "script.py", *more]
    if "--image" not in more:
        arguments += ["--image", "digit.png"]
    assert main(arguments) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: ")
    assert text.count("\n") == 1
    assert all(word in text for word in words), text


def test_overlay_is_stock_again_after_a_script(build, tmp_path, picture, monkeypatch, capsys):
    import pynq

    stock = pynq.Overlay
    build(fc=bytes(160))
    (tmp_path / "fails.py").write_text(TWIN + "assert False, 'of the script itself'\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match="of the script itself"):
        main(["run", "fails.py", "--image", "digit.png"])
    assert pynq.Overlay is pynq.overlay.Overlay is stock


@pytest.mark.slow
def test_asking_for_pynq_does_not_lose_the_card(tmp_path):
    code = "import runtime, importlib.util as u; assert u.find_spec('pynq') and u.find_spec('pynq')\n"
    code += "import pynq; print(pynq.Device.active_device.tag)"
    done = start("-c", code, cwd=tmp_path)
    assert done.stdout.strip() == "emulated0", done.stderr


@pytest.mark.slow
def test_a_warning_is_a_sentence_and_no_line_of_the_program(build, tmp_path, picture):
    file = build(fc=bytes(160), facts={"parameters": Parameters("stand-in", "0" * 64)})
    done = start("-m", "runtime", "classify", str(picture), "--xclbin", str(file), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"warning: {file} has random weights, so its classes mean nothing\n"
