"""What is read of an ONNX file, and what is refused before memory is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.qonnx.file import OnnxError, load

onnx: Any = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def model(*nodes: Any, tensors: dict[str, Any] | None = None, shape: tuple[Any, ...] = ("batch", 1, 4, 4)) -> Any:
    made = [numpy_helper.from_array(values, name) for name, values in (tensors or {}).items()]
    source = helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info("out", TensorProto.FLOAT, ("batch", 1, 4, 4))
    graph = helper.make_graph(list(nodes), "graph", [source], [result], made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def saved(folder: Path, proto: Any) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def refusal(folder: Path, proto: Any) -> str:
    with pytest.raises(OnnxError) as caught:
        load(saved(folder, proto))
    return str(caught.value)


ADD = helper.make_node("Add", ["in", "c"], ["out"], name="sum")
ONE = {"c": np.float32([1])}


def test_nodes_come_in_order_and_without_what_the_output_does_not_need(tmp_path: Path) -> None:
    second = helper.make_node("Mul", ["x", "c"], ["out"], name="second", note="text", list=[1, 2])
    first = helper.make_node("Add", ["in", "k"], ["x"])
    constant = helper.make_node("Constant", [], ["k"], value_float=0.5)
    idle = helper.make_node("Tanh", ["x"], ["nowhere"])
    found = load(saved(tmp_path, model(second, idle, constant, first, tensors=ONE)))
    assert [node.name for node in found.nodes] == ["Add_3", "second"]
    assert found.nodes[1].attributes == {"note": "text", "list": (1, 2)}
    assert (found.input.shape, found.output.shape, found.opset) == ((1, 4, 4), (1, 4, 4), 17)
    assert {name: values.tolist() for name, values in found.constants.items()} == {"k": 0.5, "c": [1.0]}


def test_what_shapes_and_constants_give_is_computed_ahead(tmp_path: Path) -> None:
    """As PyTorch exports `x.view(x.size(0), -1)` and a scalar batch normalisation: [1, 16] and 9^0.5 * -1 = -3."""
    nodes = [
        helper.make_node("Shape", ["in"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["batch"], axis=0),
        helper.make_node("Unsqueeze", ["batch", "zeros"], ["row"]),
        helper.make_node("Concat", ["row", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["in", "wanted"], ["flat"], name="view"),
        helper.make_node("Pow", ["nine", "half"], ["root"]),
        helper.make_node("Neg", ["root"], ["minus"]),
        helper.make_node("Mul", ["flat", "minus"], ["out"], name="scaled"),
    ]
    tensors = {"zero": np.int64(0), "zeros": np.int64([0]), "rest": np.int64([-1]), "nine": np.float32([9]),
               "half": np.float32(0.5)}  # fmt: skip
    found = load(saved(tmp_path, model(*nodes, tensors=tensors)))
    assert [node.name for node in found.nodes] == ["view", "scaled"]
    assert {name: values.tolist() for name, values in found.constants.items()} == {"wanted": [1, -1], "minus": [-3.0]}


def test_an_operation_that_cannot_be_computed_ahead_stays(tmp_path: Path) -> None:
    """A place that is not there, a root of -1, and a shape that the file does not say."""
    for node, tensors in (
        (helper.make_node("Gather", ["list", "far"], ["c"], name="odd"), {"list": np.int64([1]), "far": np.int64(5)}),
        (helper.make_node("Sqrt", ["low"], ["c"], name="odd"), {"low": np.float32([-1])}),
    ):
        found = load(saved(tmp_path, model(node, ADD, tensors=tensors)))
        assert [each.name for each in found.nodes] == ["odd", "sum"]


def test_a_tensor_holds_what_it_declares(tmp_path: Path) -> None:
    proto = model(ADD, tensors=ONE)
    proto.graph.initializer[0].dims[0] = 500_000_000
    assert "declares 500,000,000 numbers" in refusal(tmp_path, proto)
    proto.graph.initializer[0].dims[0] = 2
    assert "tensor 'c': declares 2 numbers [2] and holds 1" in refusal(tmp_path, proto)


@pytest.mark.parametrize("location", ["../other.bin", "/etc/passwd", "a/../../b", "link.bin", ""])
def test_values_lie_in_the_folder_of_the_file(tmp_path: Path, location: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "other.bin").write_bytes(np.float32([1]).tobytes())
    (home / "link.bin").symlink_to(tmp_path / "other.bin")
    (home / "inside.bin").write_bytes(np.float32([7, 1]).tobytes())
    proto = model(ADD, tensors=ONE)
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="inside.bin")
    tensor.external_data.add(key="offset", value="4")
    assert load(saved(home, proto)).constants["c"].tolist() == [1.0]
    tensor.external_data[0].value = location
    assert "outside the file's folder" in refusal(home, proto) or "leaves the file's folder" in refusal(home, proto)


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    odd = helper.make_node("Add", ["in", "c"], ["x"], name="odd", domain="com.example")
    nan = {"c": np.float32([np.nan]), "d": np.float64([1])}
    text = refusal(tmp_path, model(odd, helper.make_node("Add", ["x", "d"], ["out"]), tensors=nan))
    assert "the domain 'com.example'" in text
    assert "tensor 'c' holds NaN" in text
    assert "tensor 'd': element type 11" in text


@pytest.mark.parametrize(
    ("proto", "what"),
    [
        (model(ADD, tensors=ONE, shape=("batch", 1, "height", 4)), "no shape in whole numbers"),
        (model(ADD), "reads 'c', which nothing gives"),
        (model(helper.make_node("Add", ["out", "c"], ["out"]), tensors=ONE), "without loops"),
        (model(ADD, ADD, tensors=ONE), "one origin"),
    ],
)
def test_graphs_that_are_none_are_refused(tmp_path: Path, proto: Any, what: str) -> None:
    assert what in refusal(tmp_path, proto)


@pytest.mark.parametrize("data", [b"", b"no protocol buffer", b"\x08", None])
def test_damaged_files_are_refused(tmp_path: Path, data: bytes | None) -> None:
    path = saved(tmp_path, model(ADD, tensors=ONE))
    path.write_bytes(path.read_bytes()[:-30] if data is None else data)
    with pytest.raises(OnnxError, match=r"model\.onnx: "):
        load(path)
    with pytest.raises(OnnxError, match="cannot be read"):
        load(tmp_path)
