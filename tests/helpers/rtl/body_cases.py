"""Run cases of a program of operator bodies: beats in by a pipe, beats back by another."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from blocks.operators.base import Operator

Case = tuple[int, Operator, Sequence[np.ndarray]]
"""Number of the case, its shape, and beats of inputs and parameters."""


def run_cases(program: Path, images: int, cases: Sequence[Case]) -> list[list[np.ndarray]]:
    """The outputs of each case, all from one process: one for each case would take longer."""
    request = b""
    for at, _, arrays in cases:
        words = [np.array([at, images], np.int64), *(np.ascontiguousarray(a).reshape(-1) for a in arrays)]
        request += b"".join(w.astype(np.uint64 if w.dtype == np.uint64 else np.int64).tobytes() for w in words)
    done = subprocess.run([str(program)], input=request, capture_output=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr.decode()[:2000])
    values = np.frombuffer(done.stdout, np.int64)
    found = []
    for at, shape, _ in cases:
        sizes = [images * stream.elements for stream in shape.outputs]
        its, values = values[: sum(sizes) + 1], values[sum(sizes) + 1 :]
        assert len(its) == sum(sizes) + 1, f"case {at}, {shape}: the bodies wrote too few beats"
        assert its[-1] == 0, f"case {at}, {shape}: a stream held beats at the end"
        found.append(np.split(its[:-1], np.cumsum(sizes)[:-1]))
    assert len(values) == 0, "the bodies wrote too many beats"
    return found
