"""Parameter files: what is wrong with one is a ParameterError that names file, array and remedy, whatever it is."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.network import NETWORKS, find_network, read_network
from blocks.parameters import BlockParameters, ParameterError, read_block

DIGITS = NETWORKS / "digits"


@pytest.fixture(scope="module")
def graphs():
    return {block.name: block.core().graph for block in find_network("digits").blocks}


@pytest.fixture
def arrays():
    """The arrays of res2a, to be made wrong."""
    with np.load(DIGITS / "res2a.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture
def refused(tmp_path, graphs):
    """Return a function that writes arrays as a block's file and gives the text of the error."""

    def check(arrays, block: str = "res2a") -> str:
        path = tmp_path / f"{block}.npz"
        np.savez(path, **arrays)
        with pytest.raises(ParameterError) as error:
            parameters = read_block(path)
            parameters.logical(graphs[block])
            if block == "postres":
                parameters.streamed(graphs[block])
        text = str(error.value)
        assert f"{block}.npz" in text
        assert "\n" not in text
        assert ";" in text, "no remedy"
        return text

    return check


def test_rows_and_columns_of_short_forms_may_differ(tmp_path) -> None:
    """A stem of 3x1 windows, and a residual block that halves columns alone."""
    text = (NETWORKS / "digits.yaml").read_text()
    text = text.replace("kernel: 3, pad: [1, 1, 1, 1]", "kernel: [3, 1], pad: [1, 0, 1, 0]")
    text = text.replace("kernel: 3, stride: 2, pad: [0, 0, 1, 1]", "kernel: [2, 1], stride: [2, 1]")
    (tmp_path / "digits.yaml").write_text(text.replace("stride: 2\n", "stride: [1, 2]\n"))
    blocks = {block.name: block for block in read_network(tmp_path / "digits.yaml").blocks}
    assert [str(blocks[name].output).partition(" ")[0] for name in ("preres", "res2b", "res3a")] == [
        "4x8x32", "4x8x64", "4x4x128",
    ]  # fmt: skip
    arrays = {"conv0_weights": np.arange(96).reshape(32, 3, 1, 1), "conv0_thresholds": np.zeros((32, 3), int)}
    graph = blocks["preres"].core().graph
    found = BlockParameters("preres.npz", arrays, {}).logical(graph)
    assert found["conv0_weights"].tolist() == [[3 * n, 3 * n + 1, 3 * n + 2] for n in range(32)]
    arrays["conv0_weights"] = arrays["conv0_weights"].reshape(32, 1, 3, 1)
    with pytest.raises(ParameterError, match=r"\[32, 1, 3, 1\], the network file asks for integers \[32, 3, 1, 1\]"):
        BlockParameters("preres.npz", arrays, {}).logical(graph)


def test_binary_weights_unpacked_by_hand(graphs) -> None:
    # 2 x 16 weights of a file made here: bit b of byte j is column 8j + b, 1 means +1.
    packed = np.array([[0b00000001, 0b10000000], [0b11111110, 0b00000011]], np.uint8)
    rows = [[1] + [-1] * 14 + [1], [-1] + [1] * 7 + [1, 1] + [-1] * 6]
    found = BlockParameters("x.npz", {}, {})._unpack("w", packed, (2, 16))
    assert found.tolist() == rows


def test_packed_and_plain_weights_are_the_same(arrays, graphs) -> None:
    graph = graphs["res2a"]
    packed = BlockParameters("res2a.npz", arrays, {}).logical(graph)
    bits = np.unpackbits(arrays["conv2b_weights_packed"], axis=1, bitorder="little")
    plain = {**arrays, "conv2b_weights": bits.reshape(32, 3, 3, 32).astype(np.int8) * 2 - 1}
    del plain["conv2b_weights_packed"]
    for name, values in BlockParameters("res2a.npz", plain, {}).logical(graph).items():
        np.testing.assert_array_equal(values, packed[name])


class TestOneArrayWrong:
    def test_missing(self, arrays, refused) -> None:
        del arrays["conv2b_thresholds"]
        text = refused(arrays)
        assert "array conv2b_thresholds is missing" in text
        assert "conv2a_thresholds" in text

    def test_missing_weights(self, arrays, refused) -> None:
        del arrays["conv1_weights_packed"]
        assert "array conv1_weights is missing" in refused(arrays)

    def test_shape(self, arrays, refused) -> None:
        arrays["conv2a_thresholds"] = arrays["conv2a_thresholds"][:-1]
        text = refused(arrays)
        assert "conv2a_thresholds is int16 [31, 3]" in text
        assert "[32, 3]" in text

    def test_thresholds_by_columns(self, arrays, refused) -> None:
        arrays["conv2a_thresholds"] = np.ascontiguousarray(arrays["conv2a_thresholds"].T)
        assert "conv2a_thresholds" in refused(arrays)

    @pytest.mark.parametrize("values", [np.int64(3), np.zeros(0, np.int16), np.zeros((32, 3, 1), np.int16)])
    def test_other_dimensions(self, arrays, refused, values) -> None:
        arrays["conv2a_thresholds"] = values
        assert "conv2a_thresholds" in refused(arrays)

    def test_not_ascending(self, arrays, refused) -> None:
        arrays["conv1_thresholds"] = arrays["conv1_thresholds"].copy()
        arrays["conv1_thresholds"][5, :2] = (7, 6)
        assert "conv1_thresholds is not ascending" in refused(arrays)

    def test_difference_that_overflows(self, arrays, refused) -> None:
        wide = arrays["bypass_thresholds"].astype(np.int64)
        wide[0] = (2**62, -(2**62), 2**62)
        assert "bypass_thresholds is not ascending" in refused({**arrays, "bypass_thresholds": wide})

    def test_packed_in_another_type(self, arrays, refused) -> None:
        arrays["conv2a_weights_packed"] = arrays["conv2a_weights_packed"].astype(np.int64)
        assert "conv2a_weights_packed is int64" in refused(arrays)

    def test_packed_of_another_shape(self, arrays, refused) -> None:
        arrays["conv2b_weights_packed"] = arrays["conv2b_weights_packed"][:, :-1]
        assert "[32, 36]" in refused(arrays)

    @pytest.mark.parametrize("value", [0, 2, -2])
    def test_not_binary(self, arrays, refused, value) -> None:
        plain = np.ones((32, 3, 3, 32), np.int8)
        plain[3, 1, 1, 4] = value
        del arrays["conv2b_weights_packed"]
        assert "conv2b_weights holds values other than -1 and +1" in refused({**arrays, "conv2b_weights": plain})

    def test_axes_of_another_framework(self, arrays, refused) -> None:
        """[OFM, IFM, KH, KW] has as many elements, so that only the axes show it."""
        del arrays["conv2b_weights_packed"]
        text = refused({**arrays, "conv2b_weights": np.ones((32, 32, 3, 3), np.int8)})
        assert "conv2b_weights" in text
        assert "[32, 3, 3, 32]" in text

    @pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.bool_])
    def test_not_whole_numbers(self, arrays, refused, kind) -> None:
        arrays["conv2a_thresholds"] = arrays["conv2a_thresholds"].astype(kind)
        assert "conv2a_thresholds" in refused(arrays)

    def test_texts(self, arrays, refused) -> None:
        arrays["conv2a_thresholds"] = arrays["conv2a_thresholds"].astype(str)
        assert "conv2a_thresholds" in refused(arrays)

    def test_beyond_63_bits(self, arrays, refused) -> None:
        arrays["conv2a_thresholds"] = np.full((32, 3), 2**63, np.uint64)
        assert "conv2a_thresholds" in refused(arrays)

    def test_stem_weights_beyond_their_bits(self, refused) -> None:
        with np.load(DIGITS / "preres.npz") as archive:
            arrays = {name: archive[name] for name in archive.files}
        arrays["conv0_weights"] = arrays["conv0_weights"].astype(np.int16)
        arrays["conv0_weights"][0, 0, 0, 0] = 128
        text = refused(arrays, "preres")
        assert "conv0_weights" in text
        assert "-128..127" in text

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("fc_weights", np.zeros((128, 10), np.int8)),
            ("fc_weights", np.full((10, 128), 200, np.int16)),
            ("fc_weights", np.zeros((10, 128), np.float32)),
            ("fc_weights", np.zeros(1280, np.int8)),
            ("fc_bias", np.zeros(9, np.int32)),
            ("fc_bias", np.full(10, 2**31, np.int64)),
            ("fc_bias", np.zeros(10, np.float64)),
        ],
    )
    def test_head(self, refused, name, values) -> None:
        with np.load(DIGITS / "postres.npz") as archive:
            arrays = {key: archive[key] for key in archive.files}
        assert name in refused({**arrays, name: values}, "postres")

    def test_meta(self, arrays, refused) -> None:
        assert "meta" in refused({**arrays, "meta": np.array("[1, 2]")})
        refused({**arrays, "meta": np.array("{")})


class TestFileWrong:
    @pytest.fixture
    def error(self, tmp_path):
        def check(data: bytes) -> str:
            path = tmp_path / "block.npz"
            path.write_bytes(data)
            with pytest.raises(ParameterError) as error:
                read_block(path)
            assert "block.npz" in str(error.value)
            return str(error.value)

        return check

    def test_missing(self, tmp_path) -> None:
        with pytest.raises(ParameterError, match=r"block.npz: missing; train the network"):
            read_block(tmp_path / "block.npz")

    def test_folder(self, tmp_path) -> None:
        (tmp_path / "block.npz").mkdir()
        with pytest.raises(ParameterError, match=r"block\.npz"):
            read_block(tmp_path / "block.npz")

    @pytest.mark.parametrize("data", [b"", b"P", b"PK\x03\x04", b"not an archive\n" * 20, b"\x93NUMPY"])
    def test_no_archive(self, error, data) -> None:
        assert "numpy.savez" in error(data)

    def test_one_array_alone(self, error) -> None:
        stream = io.BytesIO()
        np.save(stream, np.arange(3))
        assert "numpy.savez" in error(stream.getvalue())

    def test_pickled_objects_are_never_loaded(self, error, tmp_path) -> None:
        class Bomb:
            def __reduce__(self):
                return (open, (str(tmp_path / "exploded"), "w"))

        stream = io.BytesIO()
        np.savez(stream, conv2a_weights=np.array([Bomb()], dtype=object))
        assert "numpy.savez" in error(stream.getvalue())
        assert not (tmp_path / "exploded").exists()

    def test_names_that_lead_out_of_the_folder_write_nothing(self, tmp_path, graphs) -> None:
        stream = io.BytesIO()
        np.save(stream, np.arange(3))
        path = tmp_path / "deep" / "block.npz"
        path.parent.mkdir()
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("../escaped.npy", stream.getvalue())
        with pytest.raises(ParameterError, match="array conv0_weights is missing"):
            read_block(path).logical(graphs["preres"])
        assert [item.name for item in tmp_path.iterdir()] == ["deep"]

    def test_header_that_promises_terabytes(self, error) -> None:
        header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (1099511627776,), }"
        header += b" " * (64 - (10 + len(header) + 1) % 64) + b"\n"
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        error(stream.getvalue())

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    @pytest.mark.slow
    def test_damaged_anywhere(self, tmp_path_factory, data) -> None:
        """Every truncation and every overwritten piece gives the right arrays or a ParameterError."""
        good = (DIGITS / "preres.npz").read_bytes()
        path = tmp_path_factory.getbasetemp() / "damaged.npz"
        if data.draw(st.booleans()):
            bad = good[: data.draw(st.integers(0, len(good) - 1))]
        else:
            at, piece = data.draw(st.integers(0, len(good) - 1)), data.draw(st.binary(min_size=1, max_size=8))
            bad = good[:at] + piece + good[at + len(piece) :]
        path.write_bytes(bad)
        graph = find_network("digits").blocks[0].core().graph
        try:
            found = read_block(path).logical(graph)
        except ParameterError as error:
            assert "damaged.npz" in str(error)
            return
        for name, values in read_block(DIGITS / "preres.npz").logical(graph).items():
            np.testing.assert_array_equal(found[name], values)


def test_meta_says_where_the_values_are_from() -> None:
    for path in sorted(DIGITS.glob("*.npz")):
        assert read_block(path).meta["origin"] == "trained", path.name
        json.dumps(read_block(path).meta)
