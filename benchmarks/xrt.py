"""What a call costs: of the bare payload, of `Accelerator.classify`, and through AMD's XRT with PYNQ's own device.

`python -m benchmarks.xrt build/digits/open-sw_emu/digits.xclbin` prints the best of several calls, in ms. Beside
`classify` stands what it takes more than the payload, for a call of one image and for each image of a batch of 1,000.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import runtime
from config import output
from runtime.emulation.payload import Limits, Payload
from runtime.formats import emulation_data, xclbin
from runtime.formats.checks import manifest_of

_CALLS = 30
_BATCH = 1000
# The host program of the last line: arguments are the file, images, weights, and the calls.
_HOST = """
import sys, time
import numpy as np, pynq
from runtime.formats import xclbin
from runtime.formats.checks import manifest_of
facts = manifest_of(xclbin.read(sys.argv[1]), "")
overlay = pynq.Overlay(sys.argv[1])
bank = getattr(overlay, facts.image.banks[0])
wanted = [each for each in (facts.image, facts.result, facts.weights) if each]
buffers = [pynq.allocate(each.shape, dtype=each.dtypes[0], target=bank) for each in wanted]
if facts.weights:
    stored = xclbin.read(sys.argv[1]).emulation["fc_weights"]
    buffers[2][:] = np.frombuffer(stored, facts.weights.dtypes[0]).reshape(buffers[2].shape)
    buffers[2].sync_to_device()
buffers[0].sync_to_device()
unit, best = getattr(overlay, facts.instance), 1e9
for _ in range(int(sys.argv[2])):
    before = time.perf_counter()
    unit.call(*buffers, 1)
    best = min(best, time.perf_counter() - before)
print(f"best {best * 1e3:.3f}")
"""


def best_ms(call: Callable[[], object], calls: int = _CALLS) -> float:
    """Milliseconds of the fastest of so many calls, after one that is not counted."""
    call()
    found = float("inf")
    for _ in range(calls):
        before = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - before)
    return found * 1e3


def through_xrt(path: Path) -> float:
    """Milliseconds of a call on one image. Raises SystemExit with what the launcher said."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "host.py")
        script.write_text(_HOST)
        argv = [sys.executable, "-m", "runtime", "xrt", "--", sys.executable, str(script), str(path.absolute())]
        argv += [str(_CALLS)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("best ")]
    if done.returncode != 0 or not lines:
        raise SystemExit(done.stdout + done.stderr)
    return float(lines[0].split()[1])


def main() -> int:
    """Print the figures of one file. Status 0."""
    console = output.console(highlight=False)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("xclbin", type=Path)
    path = parser.parse_args().xclbin
    file = xclbin.read(path)
    facts = manifest_of(file, str(path))
    images = np.zeros((_BATCH, *facts.image.shape), facts.image.dtypes[0])
    weights = [file.emulation[emulation_data.FC_WEIGHTS]] if facts.weights else []
    program, memories = file.emulation[emulation_data.PAYLOAD], file.emulation[emulation_data.MEMORIES]
    payload = Payload(program, memories, where=str(path), description="", limits=Limits.from_environment())
    times = {}
    with runtime.Accelerator(path) as accelerator:
        for count in (1, _BATCH):
            size = facts.result.bytes_for(count)
            some = np.ascontiguousarray(images[:count])
            times[count] = (
                best_ms(partial(payload.run, count, [some.data.cast("B"), *weights], size)),
                best_ms(partial(accelerator.classify, some)),
            )
    payload.close()
    for count, (bare, classify) in times.items():
        more = (
            f"{classify - bare:.3f} ms more"
            if count == 1
            else f"{(classify - bare) * 1e3 / count:.2f} us an image more"
        )
        console.print(f"{count:5} images: bare payload {bare:.3f} ms, classify {classify:.3f} ms, {more}")
    console.print(f"    1 image through XRT and PYNQ's own device: {through_xrt(path):.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
