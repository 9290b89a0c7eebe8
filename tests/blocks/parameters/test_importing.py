"""Imports: npz files and the authors' headers become the same arrays; what is wrong is named and nothing is written."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blocks.network import find_network
from blocks.parameters import __main__ as program
from blocks.parameters import read_block
from blocks.parameters.importing import ParameterImportError, import_parameters

SHARED = Path(__file__).resolve().parents[4] / "shared" / "resnet50_w1a2"
AS_AUTHORS = {"preres": "inpipe", "postres": "outpipe"}


def imported(network, block: str) -> dict[str, np.ndarray]:
    """What the import has written, weights unpacked."""
    graph = next(each for each in network.blocks if each.name == block).core().graph
    return read_block(network.parameters / f"{block}.npz").logical(graph)


def same(network, values) -> None:
    for block, arrays in values.items():
        found = imported(network, block)
        assert sorted(found) == sorted(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array.reshape(found[name].shape), err_msg=f"{block} {name}")


def write_npz(folder: Path, values, *, authors: bool = True) -> Path:
    folder.mkdir()
    for block, arrays in values.items():
        np.savez(folder / f"{AS_AUTHORS.get(block, block) if authors else block}.npz", **arrays)
    return folder


def refused(network, folder: Path, fc_weights: Path | None = None) -> list[str]:
    """The lines of the error; nothing was written beside the network file."""
    place = network.parameters.parent
    before = sorted(path.relative_to(place) for path in place.rglob("*"))
    with pytest.raises(ParameterImportError) as error:
        import_parameters(network, folder, fc_weights)
    assert sorted(path.relative_to(place) for path in place.rglob("*")) == before
    return str(error.value).splitlines()


class TestHeaders:
    def test_tiles_are_undone(self, small, values, headers, folding) -> None:
        headers.write(small, values, folding)
        done = import_parameters(small, headers.folder)
        assert done.blocks == ("preres", "res2a", "res2b", "postres")
        same(small, values)
        assert read_block(small.parameters / "res2a.npz").meta["origin"] == "imported"

    def test_a_clone(self, small, values, headers, folding, tmp_path) -> None:
        clone = replace(headers, folder=tmp_path / "clone" / "src" / "w1a2_v1.0")
        clone.write(small, values, folding)
        import_parameters(small, tmp_path / "clone")
        same(small, values)

    @pytest.fixture
    def broken(self, small, values, headers, folding):
        """Return a function that edits one header and gives the single line that the import answers."""
        headers.write(small, values, folding)

        def check(file: str, old: str, new: str, count: int = 1) -> str:
            path = headers.folder / file
            text = path.read_text()
            assert re.search(old, text), text[:2000]
            path.write_text(re.sub(old, new, text, count=count))
            (line,) = refused(small, headers.folder)
            assert line.startswith(f"{file}:"), line
            return line

        return check

    @pytest.mark.parametrize(
        ("file", "old", "new", "says"),
        [
            ("res2a/config.h", "#define RES_2B_PE .*\n", "", "RES_2B_PE is not defined"),
            ("res2a/config.h", "RES_2B_PE \\d+", "RES_2B_PE none", "RES_2B_PE is none, expected a number"),
            ("res2a/config.h", "RES_2A_WMEM \\d+", "RES_2A_WMEM 3", "RES_2A_WMEM is 3, channels and folding make it"),
            ("res2a/config.h", "RES_2C_OFMC \\d+", "RES_2C_OFMC 64", "RES_2C_OFMC is 64, the network file says 32"),
            ("res2b/config.h", "RES_2A_STRIDE 1", "RES_2A_STRIDE 2", "RES_2A_STRIDE is 2, the network file says 1"),
            ("res2b/config.h", "RES_BYPTHPE (\\d+)", "RES_BYPTHPE 3", "RES_BYPTHPE 3 times RES_BYPTHTMEM"),
            ("res2b/config.h", "(#define RES_2A_PE .*\n)", "\\1\\1", "RES_2A_PE is defined a second time"),
            ("inpipe/config.h", "WBITS 8", "WBITS 4", "L0_WBITS is 4, the network file says 8"),
            ("outpipe/config.h", "MH 5", "MH 1000", "L53_MH is 1000, the network file says 5"),
            ("res2a/params.h", "(weights_\\w+)_br21 =", "\\1_br29 =", "ConvThresholdLayer_br21 is missing"),
            ("res2a/params.h", "BinaryWeights", "Weights", "is a Weights, expected a BinaryWeights"),
            ("res2a/params.h", "BinaryWeights<\\d+", "BinaryWeights<5", "config.h has SIMD, PE, WMEM = "),
            ("res2a/params.h", "less_equal", "less", "compares by std::less<"),
            ("res2a/params.h", "ap_uint<16>", "float", "holds float, expected ap_int or ap_uint"),
            ("res2b/params.h", "\"0x(\\w{4})\"", "\"0x1\\1\"", "does not fit into 16 bits"),
            ("res2b/params.h", "\"0x(\\w{4})\"", "\"0x\\1g\"", "is not a number"),
            ("res2b/params.h", "\"0x(\\w{4})\",", "\"0x\\1\"", "comma is missing"),
            ("res2b/params.h", "\"0x(\\w{4})\", ", "", "holds 2 items, 3 are declared"),
            ("res2b/params.h", "(\"0x\\w{4}\", )", "\\1\\1", "holds 4 or more, 3 are declared"),
            ("res2b/params.h", r'(\"0x\w{4}\")', r"{\1}", "nested deeper than 4 levels"),
            ("inpipe/params.h", "\\[8\\]\\[9\\]", "[9][8]", "weights_conv0[9][8] has words of 24 bits"),
            ("inpipe/params.h", "\"0x(\\w{18})\"", "\"0x000001\\1\"", "does not hold 3 thresholds a word"),
            ("outpipe/params.h", "1, 5>", "1, 6>", "bias_fc1000 is <1, ap_int<32>, 1, 6>"),
            ("outpipe/params.h", "\\d+\\}\\}", "4294967296}}", "4294967296 of bias_fc1000 does not fit into 32 bits"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_has_file_and_line(self, broken, file, old, new, says) -> None:
        assert says in broken(file, old, new)

    def test_line_of_a_value(self, small, values, headers, folding) -> None:
        headers.write(small, values, folding)
        path = headers.folder / "res2b" / "params.h"
        lines = path.read_text().splitlines()
        at = max(i for i, line in enumerate(lines) if '"0x' in line)
        lines[at] = re.sub('"0x....', '"0x5zzz', lines[at], count=1)
        path.write_text("\n".join(lines) + "\n")
        (line,) = refused(small, headers.folder)
        assert line.startswith(f'res2b/params.h:{at + 1}: "0x5zzz" of thres_')

    def test_a_file_that_ends_early(self, small, values, headers, folding) -> None:
        headers.write(small, values, folding)
        path = headers.folder / "res2a" / "params.h"
        path.write_text(path.read_text()[:-40])
        (line,) = refused(small, headers.folder)
        assert re.match(r"res2a/params\.h:\d+: the file ends inside thres_FPGA", line)

    def test_what_is_missing_is_named_all_at_once(self, small, values, headers, folding) -> None:
        headers.write(small, values, folding)
        (headers.folder / "res2a" / "config.h").unlink()
        (headers.folder / "outpipe" / "params.h").unlink()
        lines = refused(small, headers.folder)
        assert [line.split(":")[0] for line in lines] == ["res2a/config.h", "outpipe/params.h"]
        assert all("missing" in line for line in lines)

    def test_binary_file(self, small, values, headers, folding) -> None:
        headers.write(small, values, folding)
        (headers.folder / "res2a" / "params.h").write_bytes(b"\xff\xfe\0")
        (line,) = refused(small, headers.folder)
        assert line.startswith("res2a/params.h: cannot be read as text")


class TestNpz:
    @pytest.mark.parametrize("authors", [True, False])
    def test_files(self, small, values, tmp_path, authors) -> None:
        import_parameters(small, write_npz(tmp_path / "given", values, authors=authors))
        same(small, values)

    def test_truncated(self, small, values, tmp_path) -> None:
        folder = write_npz(tmp_path / "given", values)
        path = folder / "res2a.npz"
        path.write_bytes(path.read_bytes()[:-200])
        (line,) = refused(small, folder)
        assert "res2a.npz: cannot be read as arrays" in line

    def test_missing(self, small, values, tmp_path) -> None:
        folder = write_npz(tmp_path / "given", values)
        (folder / "inpipe.npz").unlink()
        (folder / "res2b.npz").unlink()
        first, second = refused(small, folder)
        assert first.startswith("preres.npz: missing and no inpipe.npz")
        assert second.startswith("res2b.npz: missing")

    def test_parameters_of_another_network(self, small, values, tmp_path) -> None:
        folder = write_npz(tmp_path / "given", values)
        lines = refused(find_network("digits"), folder)
        assert lines[0].startswith("inpipe.npz: conv0_weights is int64 [8, 3, 3, 3], the network file asks for")
        assert any(line.startswith("res3a.npz: missing") for line in lines)

    def test_an_array_too_many(self, small, values, tmp_path) -> None:
        """A block with two branches given for one with one: everything that it needs may be there."""
        values["res2b"] = {**values["res2b"], "conv1_weights": np.ones((32, 1, 1, 32), np.int8)}
        (line,) = refused(small, write_npz(tmp_path / "given", values))
        assert line.startswith("res2b.npz: block res2b has no array conv1_weights")

    def test_a_block_given_for_its_twin(self, small, values, tmp_path) -> None:
        values["res2b"] = {**values["res2b"], "meta": np.array('{"block": "res2c"}')}
        (line,) = refused(small, write_npz(tmp_path / "given", values))
        assert line.startswith("res2b.npz: its meta names block res2c")

    def test_threshold_order(self, small, values, tmp_path) -> None:
        values["res2a"]["conv2b_thresholds"][3] = (5, 4, 9)
        (line,) = refused(small, write_npz(tmp_path / "given", values))
        assert line.startswith("res2a.npz: conv2b_thresholds is not ascending")


class TestFolder:
    @pytest.mark.parametrize("make", [False, True])
    def test_nothing_there(self, small, tmp_path, make) -> None:
        if make:
            (tmp_path / "given").mkdir()
        (line,) = refused(small, tmp_path / "given")
        assert str(tmp_path / "given") in line

    def test_its_own_folder(self, small, values, tmp_path) -> None:
        import_parameters(small, write_npz(tmp_path / "given", values, authors=False))
        (line,) = refused(small, small.parameters)
        assert "give the folder to import from" in line

    def test_a_later_failure_keeps_what_is_there(self, small, values, tmp_path) -> None:
        import_parameters(small, write_npz(tmp_path / "given", values))
        (small.parameters / "notes.txt").write_text("mine")
        before = {path.name: path.read_bytes() for path in small.parameters.iterdir()}
        other = {block: dict(arrays) for block, arrays in values.items()}
        other["res2a"]["conv2a_thresholds"] = other["res2a"]["conv2a_thresholds"] + 1
        folder = write_npz(tmp_path / "second", other)
        (folder / "res2b.npz").unlink()
        refused(small, folder)
        assert {path.name: path.read_bytes() for path in small.parameters.iterdir()} == before
        np.savez(folder / "res2b.npz", **other["res2b"])
        import_parameters(small, folder)
        same(small, other)
        assert (small.parameters / "notes.txt").read_text() == "mine"

    def test_a_disk_that_fails(self, small, values, tmp_path, monkeypatch) -> None:
        import_parameters(small, write_npz(tmp_path / "given", values))
        calls = []

        def full(descriptor: int) -> None:
            calls.append(descriptor)
            if len(calls) == 3:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        (line,) = refused(small, tmp_path / "given")
        assert "No space left on device" in line
        monkeypatch.undo()
        same(small, values)


class TestFcWeights:
    WEIGHTS = np.random.default_rng(8).integers(-128, 128, (5, 32))

    @pytest.fixture
    def given(self, small, values, tmp_path) -> Path:
        return write_npz(tmp_path / "given", values)

    def found(self, small):
        return read_block(small.parameters / "postres.npz").fc_weights()

    def test_none(self, small, given) -> None:
        assert import_parameters(small, given).fc_weights == "stand-ins"
        assert self.found(small) is None

    def test_npy(self, small, given, tmp_path) -> None:
        np.save(tmp_path / "fc.npy", self.WEIGHTS.astype(np.int8))
        assert import_parameters(small, given, tmp_path / "fc.npy").fc_weights == "fc.npy"
        np.testing.assert_array_equal(self.found(small), self.WEIGHTS)
        assert self.found(small).dtype == np.int8

    def test_csv(self, small, given, tmp_path) -> None:
        np.savetxt(tmp_path / "fc.csv", self.WEIGHTS, fmt="%d", delimiter=",")
        import_parameters(small, given, tmp_path / "fc.csv")
        np.testing.assert_array_equal(self.found(small), self.WEIGHTS)

    def test_kept_by_a_later_import(self, small, given, tmp_path) -> None:
        np.save(tmp_path / "fc.npy", self.WEIGHTS)
        import_parameters(small, given, tmp_path / "fc.npy")
        assert import_parameters(small, given).fc_weights == "an earlier import"
        np.testing.assert_array_equal(self.found(small), self.WEIGHTS)

    @pytest.mark.parametrize(
        ("weights", "says"),
        [
            (WEIGHTS.T, "fc_weights is int64 [32, 5], the network file asks for integers [5, 32]"),
            (WEIGHTS * 2, "the core takes 8 bit numbers (-128..127)"),
            (WEIGHTS * 0.5, "fc_weights is float64 [5, 32]"),
        ],
    )
    def test_do_not_fit(self, small, given, tmp_path, weights, says) -> None:
        np.save(tmp_path / "fc.npy", weights)
        (line,) = refused(small, given, tmp_path / "fc.npy")
        assert line.startswith("fc.npy: fc_weights ")
        assert says in line

    @pytest.mark.parametrize(
        ("name", "content", "says"),
        [
            ("fc.csv", b"1,2\n3\n", "fc.csv:2: 1 numbers, the first row has 2"),
            ("fc.csv", b"1,2\n3,x\n", "fc.csv:2: a value is not a 64-bit whole number"),
            ("fc.csv", b"\xff\xfe", "fc.csv: cannot be read as an array"),
            ("fc.npy", b"\x93NUM", "fc.npy: cannot be read as an array"),
            ("fc.txt", b"", "fc.txt: neither .npy nor .csv"),
        ],
    )
    def test_unreadable(self, small, given, tmp_path, name, content, says) -> None:
        (tmp_path / name).write_bytes(content)
        (line,) = refused(small, given, tmp_path / name)
        assert line.startswith(says)

    def test_missing_file(self, small, given, tmp_path) -> None:
        (line,) = refused(small, given, tmp_path / "fc.npy")
        assert line.startswith("fc.npy: no such file")


def test_the_program(small, values, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(program, "find_network", lambda name: small)
    folder = write_npz(tmp_path / "given", values)
    assert program.main(["import", str(folder)]) == 0
    assert "4 blocks of small imported from npz files" in capsys.readouterr().out
    (folder / "res2b.npz").unlink()
    assert program.main(["import", str(folder)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("ERROR: res2b.npz: missing")
    assert said[1:] == ["nothing was imported"]


def test_the_reference_designs_files(tmp_path) -> None:
    if not (SHARED / "res5c.npz").exists():
        pytest.skip("the reference design's data (../shared/resnet50_w1a2) is not here")
    network = replace(find_network("resnet50"), parameters=tmp_path / "resnet50")
    assert len(import_parameters(network, SHARED).blocks) == 18
    for path in SHARED.glob("*.npz"):
        if path.stem == "vectors_chelsea":
            continue
        name = {theirs: ours for ours, theirs in AS_AUTHORS.items()}.get(path.stem, path.stem)
        with np.load(path) as theirs, np.load(network.parameters / f"{name}.npz") as ours:
            assert theirs.files
            assert set(theirs.files) == set(ours.files)
            for array in set(theirs.files) - {"meta"}:
                assert theirs[array].dtype == ours[array].dtype
                np.testing.assert_array_equal(theirs[array], ours[array])
