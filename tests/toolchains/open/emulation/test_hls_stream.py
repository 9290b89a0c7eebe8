"""The streams of a top in C simulation behave as those of the open headers, which AMD wrote."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import needs
import pytest

from toolchains.open.stages.hls import STREAM_WARNING

ROOT = Path(__file__).resolve().parents[4]
# Uneven bursts make a ring wrap around while it grows. A beat is an array, as those of bodies are.
PROGRAM = """
#include <hls_stream.h>
#include <cstdio>
struct beat { int lane[3]; };
template <class T> static void move(hls::stream<T>& from, hls::stream<T>& to) { to.write(from.read()); }
int main() {
    hls::stream<beat> queue("pixels"), other("others");
    int next = 0;
    for (int burst = 1; burst < 60; burst++) {
        for (int i = 0; i < burst; i++) {
            const beat now = {{next, -next, 7 * next}};
            queue.write(now);
            next++;
        }
        for (int i = 0; i < burst - 1; i++) {
            move(queue, other);
            const beat found = other.read();
            std::printf("%d %d %d\\n", found.lane[0], found.lane[1], found.lane[2]);
        }
    }
    std::printf("%d %d\\n", (int)queue.empty(), (int)other.empty());
    std::fflush(stdout);
    hls::stream<int> shifted("shifted");
    shifted << 5;
    int value = 0;
    shifted >> value;
    std::printf("%d %d\\n", value, (int)shifted.empty());
    std::fflush(stdout);
    value = shifted.read();
    std::printf("%d\\n", value);
    std::fflush(stdout);
}
"""


def said(folder: Path, *include: str) -> list[str]:
    folder.mkdir()
    (folder / "main.cpp").write_text(PROGRAM)
    subprocess.run(
        ["g++", "-std=c++14", "-Wall", "-Werror", *include, "-o", "main", "main.cpp"], cwd=folder, check=True
    )
    return subprocess.run([str(folder / "main")], check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.slow
def test_as_the_open_headers(tmp_path: Path) -> None:
    theirs = said(tmp_path / "theirs", "-isystem", str(needs.hls_compiler()))
    ours = said(tmp_path / "ours", "-I", str(ROOT / "toolchains/open/emulation"))
    assert ours == theirs
    warnings = [line for line in ours if re.search(STREAM_WARNING, line)]
    assert [re.findall("'(.*)' (is read|contains)", line) for line in warnings] == [
        [("shifted", "is read")],
        [("pixels", "contains")],
    ]
