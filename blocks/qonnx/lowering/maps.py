"""Pools, and nodes that only say a tensor's shape anew."""

from __future__ import annotations

import dataclasses
import math

from blocks.qonnx.lowering.flow import CHW, FLAT_CHW, FLAT_HWC, HWC, Flow, Layer
from blocks.qonnx.lowering.inputs import Inputs
from blocks.qonnx.lowering.refusal import RefusedError
from blocks.qonnx.lowering.windows import read_windows


def max_pool(inputs: Inputs) -> Flow:
    """MaxPool, on the spot or behind the quantizer that follows: a maximum changes places with what never falls."""
    if len(inputs.node.outputs) > 1 and inputs.node.outputs[1]:
        raise RefusedError("the second output, the places of the maxima", "the first output alone")
    flow = inputs.flow()
    windows = read_windows(inputs.node, flow)
    rows, columns = windows.leave(flow)
    layer = Layer(inputs.node.name, "max_pool", windows.keys)
    made = dataclasses.replace(flow, height=rows, width=columns)
    if flow.sums or flow.steps or flow.pools:
        return dataclasses.replace(made, pools=(*flow.pools, (len(flow.steps), layer)))
    return dataclasses.replace(made, trunk=flow.trunk.then(layer))


def average_pool(inputs: Inputs) -> Flow:
    """AveragePool: the sum of each window, whose scale is divided by the window's size."""
    node = inputs.node
    flow = inputs.flow().settled("it averages")
    windows = read_windows(node, flow)
    if any(windows.pad) and not node.attributes.get("count_include_pad", 0):
        raise RefusedError("an average that leaves the padding out", "count_include_pad 1, or no padding")
    rows, columns = windows.leave(flow)
    low, high = flow.padded() if any(windows.pad) else (flow.low, flow.high)
    count = math.prod(windows.kernel)
    layer = Layer(node.name, "average_pool", windows.keys)
    return dataclasses.replace(
        flow, height=rows, width=columns, trunk=flow.trunk.then(layer), low=low * count, high=high * count,
        scale=flow.scale / count, constant=flow.constant * count,
    )  # fmt: skip


def global_average_pool(inputs: Inputs) -> Flow:
    """GlobalAveragePool, and ReduceMean over rows and columns."""
    node = inputs.node
    flow = inputs.flow().settled("it averages")
    keeps = True
    if node.op == "ReduceMean":
        rank = 1 + len(flow.shape)
        given = node.attributes.get("axes") or (inputs.fixed(1).values.reshape(-1).tolist() if inputs.has(1) else ())
        axes = sorted(int(each) % rank for each in given)
        if axes != {CHW: [2, 3], HWC: [1, 2]}.get(flow.axes):
            raise RefusedError(f"a mean over axes {list(given)[:10]}", "over rows and columns")
        keeps = bool(node.attributes.get("keepdims", 1))
    elif flow.axes != CHW:
        raise RefusedError(f"a tensor {list(flow.shape)} of layout {flow.axes}", "channels, rows, columns")
    count = flow.height * flow.width
    layer = Layer(node.name, "global_average_pool", {})
    return dataclasses.replace(
        flow, height=1, width=1, axes=flow.axes if keeps else FLAT_CHW, trunk=flow.trunk.then(layer),
        low=flow.low * count, high=flow.high * count, scale=flow.scale / count, constant=flow.constant * count,
    )  # fmt: skip


def transpose(inputs: Inputs) -> Flow:
    """Transpose between channels first and channels last."""
    flow = inputs.flow()
    order = tuple(inputs.node.attributes.get("perm") or range(1 + len(flow.shape))[::-1])
    if order == tuple(range(1 + len(flow.shape))):
        return flow
    turns = {(CHW, (0, 2, 3, 1)): HWC, (HWC, (0, 3, 1, 2)): CHW}
    if (flow.axes, order) not in turns:
        what = f"an order of axes {list(order)[:10]} of a tensor {flow.axes}"
        raise RefusedError(what, "[0, 2, 3, 1] from channels first to last, or [0, 3, 1, 2] back")
    return dataclasses.replace(flow, axes=turns[flow.axes, order])


def reshape(inputs: Inputs) -> Flow:
    """Flatten, Reshape, Squeeze and Unsqueeze: to a list of numbers, back to a map of one pixel, or nothing new."""
    node, flow = inputs.node, inputs.flow()
    shape = (1, *flow.shape)
    if node.op == "Flatten":
        axis = int(node.attributes.get("axis", 1))
        if axis not in (1, 1 - len(shape)):
            raise RefusedError(f"axis {axis}", "axis 1: the batch stays")
        return _flat(flow)
    if node.op == "Reshape":
        wanted = _filled(inputs, flow)
    else:
        given = node.attributes.get("axes") or (inputs.fixed(1).values.reshape(-1).tolist() if inputs.has(1) else ())
        wanted = _squeezed(shape, [int(each) for each in given], inverse=node.op == "Unsqueeze")
    if wanted == shape[1:]:
        return flow
    if len(wanted) == 1:
        return _flat(flow)
    if len(wanted) == 3 and flow.axes in (FLAT_CHW, FLAT_HWC):
        return _unflat(flow, wanted)
    raise RefusedError(f"{list(shape[1:])} as {list(wanted)[:10]}", "a list of all numbers (Flatten)")


def _flat(flow: Flow) -> Flow:
    return dataclasses.replace(flow, axes={CHW: FLAT_CHW, HWC: FLAT_HWC}.get(flow.axes, flow.axes))


def _unflat(flow: Flow, wanted: tuple[int, ...]) -> Flow:
    """A list as a map again: the map that it was, or the image's numbers as an image of one channel."""
    for axes in (CHW, HWC):
        back = dataclasses.replace(flow, axes=axes)
        if back.shape == wanted and (flow.height * flow.width == 1 or flow.axes == f"flat {axes}"):
            return back
    if flow.trunk.before is None and flow.trunk.joined is None and flow.channels == 1 and wanted[0] == 1:
        return dataclasses.replace(flow, height=wanted[1], width=wanted[2], axes=CHW)
    raise RefusedError(f"a list of {flow.shape[0]} numbers as {list(wanted)}", "the map that it was before")


def _filled(inputs: Inputs, flow: Flow) -> tuple[int, ...]:
    """The shape without the batch that a Reshape wants; 0 and -1 are filled in."""
    shape = (1, *flow.shape)
    given = [int(each) for each in inputs.fixed(1).values.reshape(-1)]
    if not given or len(given) > 8:
        raise RefusedError(f"a shape of {len(given)} axes", "the batch and a list of all numbers")
    zero_copies = not inputs.node.attributes.get("allowzero", 0)
    filled = [shape[at] if each == 0 and zero_copies and at < len(shape) else each for at, each in enumerate(given)]
    elements = math.prod(shape)
    rest = filled[1:]
    if filled.count(-1) == 1 and -1 in rest and math.prod(each for each in rest if each != -1) > 0:
        rest[rest.index(-1)] = elements // math.prod(each for each in rest if each != -1)
    if math.prod(rest) != elements or filled[0] not in (1, -1):
        raise RefusedError(f"{list(shape[1:])} as {given}", "the batch first, and then all numbers of an image")
    return tuple(rest)


def _squeezed(shape: tuple[int, ...], axes: list[int], *, inverse: bool) -> tuple[int, ...]:
    made = list(shape)
    if inverse:
        for axis in sorted(each % (len(shape) + len(axes)) for each in axes):
            made.insert(axis, 1)
        return tuple(made[1:])
    gone = {each % len(shape) for each in axes} or {at for at, n in enumerate(shape) if n == 1 and at}
    if any(shape[each] != 1 for each in gone) or 0 in gone:
        raise RefusedError(f"Squeeze of axes {sorted(gone)}", "axes of extent 1, and not the batch")
    return tuple(n for at, n in enumerate(shape) if at not in gone and at)
