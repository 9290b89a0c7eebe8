"""The DMA's C++, body and top, for words and beats that fit into each other or not; what HLS needs for bursts."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import needs
import pytest
from everyday import only

from blocks.core.hls import render
from blocks.dma import Dma, DmaCore
from blocks.network import find_network
from blocks.operators.base import Stream
from toolchains.hls_subset.lint import lint
from toolchains.hls_subset.release import release_header
from toolchains.open.emulation.compile_core import CoreError, compile_object, simulate, top_flags, write_sources

ROOT = Path(__file__).resolve().parents[5]
HEADER = (ROOT / "blocks" / "dma" / "dma.hpp").read_text()


def core(image: tuple[int, int], weights: tuple[int, int] | None, results: int, *, kept: bool = False) -> DmaCore:
    """Lanes and beats of the streams out; `kept`: weights are read once per call."""
    streamed = Stream(weights[0], 8, weights[1], True) if weights else None
    return Dma(Stream(image[0], 8, image[1]), streamed, Stream(1, 32, results), keeps_weights=kept).core()


CORES = {
    # 64 byte words and 3 lanes; 32 byte words and 96 lanes, which is three words a beat.
    "thirds": core((3, 128), (96, 31), 5),
    # 1 byte words; 7 lanes.
    "bytes": core((1, 333), (7, 111), 1),
    # 48 lanes and 64 byte words: neither fits into the other.
    "neither": core((12, 16), (48, 12), 2),
    "no_weights": core((3, 40), None, 10),
    "one_beat": core((64, 1), (5, 1), 1),
    "kept_words": core((12, 16), (16, 40), 2, kept=True),
    "kept_beats": core((3, 128), (96, 31), 5, kept=True),
}


def compiled(folder: Path, shape: DmaCore, release: str = "2022.2", change: Callable[[str], str] = str) -> None:
    """The object files of the `hls` step in a folder; `change` alters the header before."""
    system = ("-isystem", str(needs.hls_compiler()))
    for header in ("operators/farm_hls.hpp", *shape.headers()):
        (folder / header).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / "blocks" / header).read_text()
        (folder / header).write_text(change(text) if header == "dma/dma.hpp" else text)
    shutil.copy(ROOT / "toolchains/open/emulation/core_abi.hpp", folder)
    for place, name in (("host", "host"), ("release", release)):
        (folder / place).mkdir()
        (folder / place / "farm_release.hpp").write_text(release_header(name))
    shutil.copy(ROOT / "toolchains/open/emulation/hls_stream.h", folder / "release")
    write_sources(shape, render(shape))
    compile_object("body.cpp", "body.so", "-O0", "-shared", "-I", "host")
    compile_object("top.cpp", "top.so", *top_flags(shape), *system)


@pytest.mark.slow
@pytest.mark.parametrize("name", only(CORES, ("thirds", "kept_words")))
def test_what_lies_in_memory_arrives_image_after_image(name: str, tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        compiled(tmp_path, CORES[name], "2019.2" if name == "thirds" else "2022.2")
        assert simulate(CORES[name])["differences"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("waiting[i] = waiting[i + LANES];", "waiting[i] = waiting[i + 1];"),
        pytest.param("word = kept[unit];", "word = kept[unit / 2];", marks=pytest.mark.nightly),
        pytest.param("waiting[place * UNIT + i]", "waiting[i]", marks=pytest.mark.nightly),
        pytest.param("memory[first + word]", "memory[word]", marks=pytest.mark.nightly),
        pytest.param("(unsigned long long)image * BEATS", "(unsigned long long)image", marks=pytest.mark.nightly),
    ],
)
def test_a_mistake_in_it_is_found(wrong: str, right: str, tmp_path: Path) -> None:
    assert wrong in HEADER
    with contextlib.chdir(tmp_path):
        shape = CORES["kept_words" if "kept" in wrong else "thirds"]
        compiled(tmp_path, shape, change=lambda text: text.replace(wrong, right))
        with pytest.raises(CoreError, match="changes the bytes that it moves"):
            simulate(shape)


def test_loops_that_touch_memory_have_a_fixed_trip_count_and_no_condition() -> None:
    """UG1399 and UG1448: else every word is a request of its own."""
    code = re.sub(r"//.*", "", HEADER)
    touches = [match.start() for match in re.finditer(r"\bmemory\[", code)]
    assert len(touches) == 3
    for at in touches:
        loop = code.rindex("for (", 0, at)
        head, _, body = code[loop:at].partition("{")
        assert re.fullmatch(r"for \(int (\w+) = 0; \1 < (WORDS|BEATS); \1\+\+\) ", head), head
        assert "#pragma HLS PIPELINE II=1" in body
        assert not re.search(r"\b(if|while|for)\b|\?", body)


@pytest.mark.parametrize("name", CORES)
def test_it_stays_within_the_subset(name: str) -> None:
    view = render(CORES[name])
    assert lint(HEADER, "dma.hpp") + lint(view.body, "body.hpp") + lint(view.top, "top.cpp") == []


def test_kept_weights_are_asked_for_once_per_call() -> None:
    """By the text, because on the host a process reads what it wants: one call reads, one sends again and again."""
    body = render(CORES["kept_words"]).body
    assert "read_weight_words_once<64, 10>(weightsmem, numReps, weight_words);" in body
    assert "replay_words<10>(weight_words, numReps, weight_words_again);" in body
    assert "read_weight_words<" not in body
    assert "read_weight_words<" in render(CORES["neither"]).body


@pytest.mark.parametrize("name", ["digits", "resnet50"])
def test_bursts_end_at_4_kib_and_are_as_many_as_the_rtl_s(name: str) -> None:
    """Contract 5 of the hardware views: at most 64 words and 4 KiB, 8 under way where a beat is a word."""
    shape = find_network(name).dma.core()
    found = re.findall(
        r"port=(\w+) offset=slave bundle=gmem\d max_read_burst_length=(\d+) num_read_outstanding=(\d+)",
        render(shape).top,
    )
    words = {"in_r": shape.image_word_bytes, "weightsmem": shape.weights_word_bytes}
    assert [port for port, _, _ in found] == list(words)
    for port, burst, _ in found:
        assert int(burst) * words[port] <= 4096
        assert int(burst) <= 64
    if name == "resnet50":
        assert ("weightsmem", "64", "8") in found


def test_the_shapes_are_what_they_are_said_to_be() -> None:
    sizes = {
        name: (one.image_word_bytes, one.image.lanes, one.weights_word_bytes, one.weights.lanes)
        for name, one in CORES.items()
        if one.weights is not None
    }
    assert set(CORES) - set(sizes) == {"no_weights"}
    assert sizes["thirds"] == (64, 3, 32, 96)
    assert sizes["bytes"] == (1, 1, 1, 7)
    assert sizes["neither"] == (64, 12, 64, 48)
