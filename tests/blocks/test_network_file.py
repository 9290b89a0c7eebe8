"""Network files: every mistake is said once, with its line and a remedy, and all of them at once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.core.model import random_parameters, run_graph
from blocks.network import NETWORKS, Network, available, find_network, read_network
from config.problem import ConfigError

DIGITS = (NETWORKS / "digits.yaml").read_text()

#: A network unlike digits: 3 channels, 5x5 stem of one pixel at a time, no pool, 75 bytes an image, one branch only.
OTHER = """\
name: other
image: {height: 5, width: 5, channels: 3}
blocks:
  - name: first
    kind: stem
    conv0: {channels: 6, kernel: 5, pad: [2, 2, 2, 2], pe: 3, simd: 3, weight_bits: 5, activation_bits: 4}
  - name: middle
    kind: residual
    branches: 1
    conv2a: {channels: 10, pe: 5, simd: 2}
    conv2b: {channels: 4, pe: 2, simd: 5, threshold_pe: 1}
    conv2c: {channels: 6, pe: 2, simd: 4}
  - name: last
    kind: head
    classes: 7
    lanes: 3
    simd: 2
"""


@pytest.fixture
def read(tmp_path):
    """Return a function that reads digits.yaml with some texts replaced, or another text."""

    def reader(*changes: tuple[str, str], text: str = DIGITS) -> Network:
        for before, after in changes:
            assert text.count(before) >= 1, before
            text = text.replace(before, after, 1)
        path = tmp_path / "digits.yaml"
        path.write_text(text)
        return read_network(path)

    return reader


@pytest.fixture
def problems(read):
    """Return a function that gives the (line, what, remedy) of all problems; the line is found by its text."""

    def reader(*changes: tuple[str, str], text: str = DIGITS) -> list[tuple[int | None, str, str]]:
        with pytest.raises(ConfigError) as error:
            read(*changes, text=text)
        assert all(problem.file.endswith("digits.yaml") for problem in error.value.problems)
        assert all(problem.remedy for problem in error.value.problems)
        return [(problem.line, problem.what, problem.remedy) for problem in error.value.problems]

    return reader


def line_of(text: str, part: str) -> int:
    """The number of the first line that holds `part`."""
    return 1 + next(i for i, line in enumerate(text.splitlines()) if part in line)


CONV2A = "conv2a: {channels: 32, pe: 8, simd: 8}"
CONV2B = "conv2b: {channels: 64, pe: 16, simd: 32}"
POOL = "max_pool: {kernel: 3, stride: 2, pad: [0, 0, 1, 1]}"

#: (what is replaced, by what, text of the line that has to be named, words of the message, words of the remedy)
SINGLE = {
    "operator": ("conv2b: {channels: 32, pe: 16, simd: 16}\n", "conv2d: {channels: 32, pe: 16, simd: 16}\n",
                 "conv2d", "no operator 'conv2d'", "'conv2b'"),
    "kind": ("kind: residual", "kind: residul", "residul", "unknown block kind 'residul'", "'residual'"),
    "kind, far off": ("kind: residual", "kind: banana", "banana", "kind 'banana'", "head, residual, stem"),
    "kind missing": ("    kind: residual\n", "", "name: res2a", "'kind' is missing", "kind:"),
    "head in the middle": ("kind: residual\n    branches: 1\n    conv2a: {channels: 32, pe: 8, simd: 16}\n"
                           "    conv2b: {channels: 32, pe: 16, simd: 16}\n    conv2c: {channels: 64, pe: 16, simd: 8}",
                           "kind: head\n    classes: 4\n    lanes: 1\n    simd: 1", "kind: head",
                           "a head ends a network, but blocks follow", "last block"),
    "pe": (CONV2A, CONV2A.replace("pe: 8", "pe: 33"), "pe: 33", "pe 33 is more than the 32", "at most 32"),
    # 32 channels in folds of 7: the thresholds have to have the same folds.
    "threshold_pe of padded folds": (CONV2A, CONV2A.replace("pe: 8", "pe: 7, threshold_pe: 8"), "threshold_pe",
                                     "threshold_pe 8 with pe 7", "4 or 8"),
    "simd": (CONV2A, CONV2A.replace("simd: 8", "simd: 5"), "simd: 5", "simd 5 does not divide 32", "1, 2, 4, 8, 16"),
    "threshold_pe": (CONV2A, CONV2A.replace("simd: 8", "simd: 8, threshold_pe: 3"), "threshold_pe",
                     "threshold_pe 3 does not divide 32", "1, 2, 4"),
    # 3 * 3 * 64 products of 64 channels, one at a time: 36,864 beats.
    "memory too deep": (CONV2B, CONV2B.replace("16, simd: 32", "1, simd: 1"), "name: res3a",
                        "the memory of conv2b_weights has 36864 beats", "raise pe or simd of conv2b"),
    "mmv": ("mmv: 4", "mmv: 3", "mmv: 3", "mmv 3 does not divide 8 output columns", "1, 2, 4, 8"),
    "channels of the branches": ("conv1: {channels: 64", "conv1: {channels: 32", "conv1: {channels: 32",
                                 "conv1 outputs 32 channels and conv2c 64", "both the same"),
    "channels of the sum": ("conv2c: {channels: 128, pe: 16, simd: 16}\n\n",
                            "conv2c: {channels: 64, pe: 16, simd: 16}\n\n", None,
                            "one has 128 channels, the other 64", "128 channels, or use two branches"),
    "stem in front of one branch": ("branches: 2", "branches: 1", "conv1", "no conv1", "branches to 2"),
    "name twice": ("name: res2b", "name: res2a", None, "'res2a' is already there (line 14)", "another name"),
    "name of the DMA": ("name: res2b", "name: inoutdma", "inoutdma", "already there", "another name"),
    "name missing": ("- name: res2b\n    kind", "- kind", None, "'name' is missing", "name:"),
    "name that leaves the folder":
        ("name: res2b", "name: ../res2b", "../res2b", "is not a valid name", "letters, digits"),
    "network's name": ("name: digits", "name: digit", "name: digit", "the file is called digits.yaml", "the same name"),
    "type": ("channels: 32, kernel: 3", "channels: many, kernel: 3", "many", "must be a whole number", "digits"),
    "fraction": (CONV2A, CONV2A.replace("pe: 8", "pe: 8.0"), "pe: 8.0", "must be a whole number", "digits"),
    "operator that is a number": (CONV2A, "conv2a: 32", "conv2a: 32", "'conv2a' must be a mapping", "key: value"),
    "stride": ("stride: 2\n", "stride: 3\n", "stride: 3", "stride 3 does not divide the 4x4", "divides both"),
    "stride of one branch": ("branches: 1\n", "branches: 1\n    stride: 2\n", None,
                             "stride 2 does not fit", "stride 1"),
    "stride 0": ("stride: 2\n", "stride: 0\n", "stride: 0", "'stride' is 0", "at least 1"),
    "branches": ("branches: 2", "branches: 3", "branches: 3", "'branches' cannot be 3", "1, 2"),
    "unknown key": ("branches: 2\n", "branches: 2\n    strid: 1\n", "strid:", "unknown key 'strid'", "'stride'"),
    "unknown key of a convolution": (CONV2A, CONV2A.replace("pe", "pee: 1, pe"), "pee", "unknown key 'pee'", "'pe'"),
    "unknown key of the network": ("labels:", "lables: 1\nlabels:", "lables", "unknown key 'lables'", "'labels'"),
    "missing key": (CONV2A, "conv2a: {channels: 32, pe: 8}", "conv2a: {channels: 32, pe: 8}",
                    "'simd' is missing", "simd:"),
    "missing convolution": (f"    {CONV2A}\n", "", None, "'conv2a' is missing", "conv2a:"),
    "missing classes": ("    classes: 10\n", "", "name: postres", "'classes' is missing", "classes:"),
    "lanes": ("lanes: 16", "lanes: 10", "lanes: 10", "lanes 10 does not divide 128", "1, 2, 4, 8"),
    "head's simd": ("    simd: 16\n", "    simd: 3\n", "    simd: 3", "simd 3 does not divide 128", "1, 2, 4"),
    "top": ("top: 3", "top: 11", "top: 11", "top is 11, but there are 10 classes", "lower top"),
    "labels": ('["0", ', "[", "labels", "9 labels for 10 classes", "one label per class"),
    "kernel": ("kernel: 3, pad: [1, 1, 1, 1]", "kernel: 11, pad: [1, 1, 1, 1]", "kernel: 11",
               "11x11 window does not fit a padded map of 10x10", "smaller"),
    "pool": (POOL, "max_pool: {kernel: 10}", "max_pool", "a 10x10 window does not fit a padded map of 8x8", "smaller"),
    "pad": (POOL, "max_pool: {kernel: 1, pad: [0, 0, 1, 1]}", "max_pool", "nothing but padding", "at most 0"),
    "pad of three": ("pad: [1, 1, 1, 1]", "pad: [1, 1, 1]", "pad: [1, 1, 1]", "'pad' has 3 values", "4"),
    "image": ("height: 8", "height: 0", "height: 0", "'height' is 0", "at least 1"),
    "image bits": ("channels: 1}", "channels: 1, bits: 4}", "bits: 4", "'bits' cannot be 4", "8"),
    "a number far too large": (CONV2A, CONV2A.replace("channels: 32", "channels: 99999999999999"), "9999",
                               "'channels' is", "at most"),
    "folder of parameters": ("labels:", "parameters: ../elsewhere\nlabels:", "parameters", "not below", "beside"),
    "data set": ("sklearn-digits", "sklearn-digit", "dataset", "'source' cannot be", "'sklearn-digits'"),
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_one_mistake_is_one_problem(problems, name) -> None:
    before, after, line, what, remedy = SINGLE[name]
    text = DIGITS.replace(before, after, 1)
    found = problems((before, after))
    expected = [(what, remedy)]
    if name == "operator":
        expected.insert(0, ("'conv2b' is missing", "conv2b:"))
    assert len(found) == len(expected), found
    for (_, found_what, found_remedy), (part, remedy_part) in zip(found, expected, strict=True):
        assert part in found_what
        assert remedy_part in found_remedy
    if line is not None:
        assert found[-1][0] == line_of(text, line)
    assert "'blocks'" not in found[-1][1] or "missing" in found[-1][1] or "unknown" in found[-1][1]


def test_lines_where_no_word_is_new(problems) -> None:
    assert problems(("name: res2b", "name: res2a"))[0][0] == line_of(DIGITS, "name: res2b")
    text = DIGITS.replace("branches: 1\n", "branches: 1\n    stride: 2\n", 1)
    assert problems(text=text)[0][0] == line_of(DIGITS, "name: res2b") + 3
    text = DIGITS.replace(f"    {CONV2A}\n", "", 1)
    assert problems(text=text)[0][0] == line_of(text, "name: res2a")


def test_many_mistakes_at_once(problems) -> None:
    changes = (
        ("height: 8", "height: tall"),
        ("channels: 32, kernel: 3", "channels: 32, kernal: 3, kernel: 3"),
        (CONV2A, CONV2A.replace("pe: 8, simd: 8", "pe: 70, simd: 5")),
        ("name: res2b", "name: res2a"),
        ("conv2b: {channels: 64, pe: 16, simd: 32}", "conv2b: {channels: 64, pe: 90, simd: 32}"),
        ("residual\n    branches: 1\n    conv2a: {channels: 64", "resdual\n    branches: 1\n    conv2a: {channels: 64"),
        ("classes: 10", "classes: ten"),
        ("lanes: 16", "lanes: 10"),
    )  # fmt: skip
    text = DIGITS
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    found = problems(text=text)
    lines = [line for line, _, _ in found]
    assert lines == sorted(lines)
    words = ["tall", "kernal", "pe 70", "simd 5", "'res2a' is already", "pe 90", "resdual", "ten", "lanes 10"]
    assert len(found) == len(words), found
    for word, (_, what, _) in zip(words, found, strict=True):
        assert word in what, found


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ("", "a network needs at least one block"),
        ("stem", "a stem block gives activations, which no network can end with"),
        ("stem a", "a residual block gives activations"),
    ],
)
def test_what_cannot_be_a_network(problems, blocks, words) -> None:
    head, body = DIGITS.split("blocks:\n")
    parts = dict(zip(("stem", "a", "b", "c", "d", "head"), body.split("\n\n"), strict=True))
    chosen = "\n".join(parts[name] for name in blocks.split())
    text = head + ("blocks:\n" + chosen if chosen else "blocks: []\n")
    ((_, what, remedy),) = problems(text=text)
    assert words in what
    assert remedy


def test_any_order_of_blocks(read) -> None:
    head, body = DIGITS.split("blocks:\n")
    parts = dict(zip(("stem", "a", "b", "c", "d", "head"), body.split("\n\n"), strict=True))
    kinds = [type(block).__name__ for block in read(text=f"{head}blocks:\n{parts['stem']}\n{parts['head']}").blocks]
    assert kinds == ["Stem", "Head"]


def test_ports_that_no_stream_can_have(read, problems) -> None:
    wide = DIGITS.replace("channels: 128, ", "channels: 2048, ").replace("    simd: 16\n", "    simd: 1024\n")
    ((_, what, remedy),) = problems(text=wide)
    assert "fc_weights" in what
    assert "8192 bits" in what
    assert "4096" in remedy
    read(text=wide.replace("simd: 1024", "simd: 512"))


def test_a_name_is_suggested_and_its_origin_named() -> None:
    with pytest.raises(
        ConfigError, match=r"^command line: there is no network called 'digit'; did you mean 'digits'\?$"
    ):
        find_network("digit")
    with pytest.raises(ConfigError, match=r"^farm.yaml:3: there is no network called 'x'; known: .*digits"):
        find_network("x", origin="farm.yaml:3")
    assert "digits" in available()


def _mutations(text: str) -> st.SearchStrategy[str]:
    lines = text.splitlines()
    some = st.integers(0, len(lines) - 1)
    words = st.sampled_from(
        [
            "0",
            "-1",
            "3",
            "7",
            "64",
            "100",
            "99999999999999999999",
            "1.5",
            "x",
            "null",
            "[]",
            "{}",
            "true",
            '""',
            "*a",
            "|",
        ]
    )
    starts = [i for i, line in enumerate(lines) if line.startswith("  - ")] + [len(lines)]

    def number(at: int, which: int, word: str) -> list[str]:
        places = list(re.finditer(r"\d+", lines[at]))
        if not places:
            return lines
        place = places[which % len(places)]
        return [*lines[:at], lines[at][: place.start()] + word + lines[at][place.end() :], *lines[at + 1 :]]

    def block(which: int, to: int) -> list[str]:
        begin, end = starts[which], starts[which + 1]
        return lines[: starts[to]] + lines[begin:end] + lines[starts[to] :]

    blocks = st.integers(0, len(starts) - 2)
    return st.one_of(
        st.builds(lambda at: lines[:at] + lines[at + 1 :], some),
        st.builds(number, some, st.integers(0, 9), words),
        st.builds(number, some, st.integers(0, 9), st.integers(0, 300).map(str)),
        st.builds(block, blocks, st.integers(0, len(starts) - 1)),
        st.builds(lambda at, by: [*lines[:at], " " * by + lines[at], *lines[at + 1 :]], some, st.integers(1, 5)),
        st.builds(lambda at: [*lines[:at], lines[at].lstrip(), *lines[at + 1 :]], some),
        st.builds(lambda a, b: [*lines[:a], lines[b], *lines[a + 1 :]], some, some),
        st.builds(lambda at, cut: [*lines[:at], lines[at][:cut]], some, st.integers(0, 60)),
        st.builds(lambda at, c: [*lines[:at], lines[at] + c, *lines[at + 1 :]], some, st.characters()),
    ).map(lambda changed: "\n".join(changed) + "\n")


@settings(max_examples=300, deadline=2000)
@given(
    _mutations(DIGITS).flatmap(
        lambda text: st.one_of(st.just(text), _mutations(text) if text.count("\n") > 30 else st.just(text))
    )
)
@pytest.mark.slow
def test_any_change_is_read_or_explained(tmp_path_factory, text) -> None:
    path = _folder(tmp_path_factory) / "digits.yaml"
    path.write_text(text, "utf-8", errors="surrogatepass")
    try:
        network = read_network(path)
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.what, problem
            assert problem.remedy, problem
            assert problem.line is None or 1 <= problem.line <= text.count("\n") + 2
            assert "\n" not in str(problem)
        return
    # What is accepted can be built: every core has a graph without mistakes, and every stream fits its neighbours.
    for core in network.cores().values():
        assert core.name
    for block in network.blocks:
        assert list(block.core().graph.mistakes()) == []
    for before, after in zip(network.blocks, network.blocks[1:], strict=False):
        assert before.output == after.input


_FOLDERS: list[Path] = []


def _folder(factory: pytest.TempPathFactory) -> Path:
    if not _FOLDERS:
        _FOLDERS.append(factory.mktemp("mutated"))
    return _FOLDERS[0]


class TestAnotherNetwork:
    @pytest.fixture
    def network(self, tmp_path) -> Network:
        (tmp_path / "other.yaml").write_text(OTHER)
        return read_network(tmp_path / "other.yaml")

    def test_shapes_by_hand(self, network) -> None:
        first, middle, last = network.blocks
        assert str(first.output) == str(middle.output) == "5x5x6 of 4 bit"
        assert (last.classes, last.top, last.pooled.highest) == (7, 1, 25 * 7)
        # 75 bytes are no multiple of any power of two, so that the memory port can only be one byte wide.
        assert (network.dma.image_bytes, network.dma.image_word_bytes) == (75, 1)
        assert (network.dma.weights_bytes, network.dma.weights_word_bytes) == (42, 2)
        assert network.dma.result_bytes == 4
        assert first.core().graph.cycles()["conv0"] == 25 * (6 // 3) * (75 // 3)

    def test_model_runs(self, network) -> None:
        rng = np.random.default_rng(7)
        value = rng.integers(0, 256, (4, 5, 5, 3))
        for block in network.blocks:
            core = block.core()
            inputs = {"input": value}
            if block is network.last:
                inputs["fc_weights"] = rng.integers(-128, 128, (7, 6))
            value = run_graph(core.graph, inputs, random_parameters(core, rng))["output"]
            assert value.max() < (16 if block is not network.last else 7)
        assert value.shape == (4, 1)


class TestCores:
    @pytest.fixture
    def twins(self, read):
        """digits with res2b twice: two places, one core."""
        block = DIGITS[DIGITS.index("  - name: res2b") : DIGITS.index("  - name: res3a")]
        return lambda *changes: read((block, block + block.replace("res2b", "res2c")), *changes).cores()

    def test_equal_shapes_share_one_core(self, twins) -> None:
        cores = twins()
        assert cores["res2b"].name == cores["res2c"].name
        assert len({core.name for core in cores.values()}) == len(cores) - 1

    def test_a_folding_changes_its_blocks_core_only(self, twins) -> None:
        before = twins()
        after = twins((CONV2A, CONV2A.replace("pe: 8", "pe: 16")))
        assert {name for name in before if before[name].name != after[name].name} == {"res2a"}
        assert before["res2a"].kind == after["res2a"].kind == "residual"

    def test_names_are_kind_and_digits_of_the_shape(self, twins) -> None:
        assert all(re.fullmatch(r"(dma|stem|residual|head)_[0-9a-f]{6,}", core.name) for core in twins().values())

    def test_labels_data_set_and_parameters_are_in_no_core(self, read) -> None:
        text = DIGITS.replace('"9"', '"nine"').replace("held_out_every: 5", "held_out_every: 7")
        text = text.replace("labels:", "parameters: elsewhere\nlabels:")
        assert {n: c.name for n, c in read().cores().items()} == {n: c.name for n, c in read(text=text).cores().items()}

    def test_every_shape_is_in_the_name(self, read) -> None:
        """A core whose name leaves out a part of its shape would be taken for another's."""
        seen = {}
        for text in (
            DIGITS,
            DIGITS.replace("pe: 8, simd: 8}", "pe: 8, simd: 8, threshold_pe: 8}"),
            DIGITS.replace("stride: 2\n", "stride: 4\n"),
            DIGITS.replace("height: 8", "height: 16"),
            DIGITS.replace("classes: 10", "classes: 11").replace('"9"]', '"9", "x"]'),
            DIGITS.replace("top: 3", "top: 2"),
            DIGITS.replace("lanes: 16", "lanes: 8"),
            DIGITS.replace("pad: [1, 1, 1, 1]", "pad: [2, 1, 0, 1]"),
        ):
            for core in read(text=text).cores().values():
                described = core.describe() if core.kind == "dma" else core.graph.describe()
                assert seen.setdefault(core.name, described) == described
        assert len(seen) > 15
