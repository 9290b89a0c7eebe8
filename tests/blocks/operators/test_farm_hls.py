"""The types that bodies are written in: streams of the host, packing for ports, macros of the releases."""

from __future__ import annotations

import subprocess
from pathlib import Path

import needs
import pytest

from blocks.operators.room import OPERATORS
from toolchains.hls_subset.release import RELEASES, release_header

pytestmark = pytest.mark.slow

HOST = """
#include "farm_hls.hpp"
#include <cstdio>
int main() {
    farm::stream<int> queue("pixels");
    long long sum = 0;
    int next = 0;
    // Uneven bursts make the ring wrap around while it grows.
    for (int burst = 1; burst < 60; burst++) {
        for (int i = 0; i < burst; i++) queue.write(next++);
        for (int i = 0; i < burst - 1; i++) sum = sum * 31 % 1000003 + queue.read();
    }
    std::printf("%lld %d %d\\n", sum, (int)queue.size(), (int)queue.high_water());
    while (!queue.empty()) sum = sum * 31 % 1000003 + queue.read();
    std::printf("%lld\\n", sum);
    const int beats[3] = {7, 8, 9};
    farm::cyclic<int> memory(beats, 3);
    for (int i = 0; i < 7; i++) std::printf("%d ", memory.read());
    std::printf("\\n%d %d %d %d\\n", (int)sizeof(farm::lanes<3, 8>), (int)sizeof(farm::slanes<3, 9>),
                (int)sizeof(farm::lanes<3, 17>), (int)sizeof(farm::slanes<3, 33>));
    try {
        queue.read();
    } catch (const farm::stream_error& error) {
        std::printf("%s\\n", error.what());
    }
}
"""

PORTS = """
#include "farm_hls.hpp"
#include <cstdio>
int main() {
    farm::slanes<3, 4> a;
    a.lane[0] = -8; a.lane[1] = 7; a.lane[2] = -1;
    const ap_uint<12> word = farm::pack(a);
    std::printf("%x\\n", (unsigned)word);
    const farm::slanes<3, 4> b = farm::unpack<farm::slanes<3, 4> >(word);
    std::printf("%d %d %d\\n", (int)b.lane[0], (int)b.lane[1], (int)b.lane[2]);
    hls::stream<ap_uint<12> > port("port"), other("other");
    farm::stream<farm::lanes<4, 3> > beats("beats");
    port.write(0xabc); port.write(0x123);
    farm::unpack_port<2>(port, beats);
    farm::pack_port<2>(beats, other);
    std::printf("%x ", (unsigned)other.read());
    std::printf("%x\\n", (unsigned)other.read());
}
"""


def run(folder: Path, text: str, release: str, *flags: str) -> str:
    needs.compiler()
    (folder / "farm_release.hpp").write_text(release_header(release))
    (folder / "main.cpp").write_text(text)
    command = ["g++", "-std=c++11", *flags, "-I", str(folder), "-I", str(OPERATORS)]
    subprocess.run([*command, "-o", str(folder / "main"), str(folder / "main.cpp")], check=True)
    return subprocess.run([str(folder / "main")], check=True, capture_output=True, text=True).stdout


def test_streams_of_the_host(tmp_path: Path) -> None:
    lines = run(tmp_path, HOST, "host", "-fsanitize=undefined", "-fno-sanitize-recover").splitlines()
    # The same by a Python list.
    queue: list[int] = []
    total = following = high = 0
    for burst in range(1, 60):
        queue += range(following, following + burst)
        following += burst
        high = max(high, len(queue))
        for _ in range(burst - 1):
            total = total * 31 % 1000003 + queue.pop(0)
    assert lines[0] == f"{total} {len(queue)} {high}"
    for value in queue:
        total = total * 31 % 1000003 + value
    assert lines[1] == str(total)
    assert lines[2].split() == ["7", "8", "9", "7", "8", "9", "7"]
    assert lines[3] == "3 6 12 24"
    assert lines[4] == "stream 'pixels' was read while empty"


@pytest.fixture(scope="module")
def open_headers() -> Path:
    return needs.open_headers()


def test_packing_puts_element_0_lowest(tmp_path: Path, open_headers: Path) -> None:
    lines = run(tmp_path, PORTS, "2022.2", "-isystem", str(open_headers)).splitlines()
    assert lines == ["f78", "-8 7 -1", "abc 123"]


@pytest.mark.parametrize("release", ["host", *RELEASES])
def test_macros_become_pragmas(tmp_path: Path, release: str) -> None:
    needs.compiler()
    (tmp_path / "farm_release.hpp").write_text(release_header(release))
    calls = (
        "FARM_PACK(rows); FARM_LUTRAM(a.b); FARM_URAM(kept); FARM_PARTITION_CYCLIC(rows, 2, BANKS); FARM_DEPTH(s, 7);"
    )
    done = subprocess.run(
        ["g++", "-E", "-P", "-x", "c++", "-I", str(tmp_path), "-"],
        input=f'#include "farm_release.hpp"\nvoid f() {{ {calls} }}\n',
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    pragmas = [" ".join(line.split()[2:]) for line in done.splitlines() if line.startswith("#pragma HLS")]
    old = [
        "DATA_PACK variable=rows",
        "RESOURCE variable=a.b core=RAM_2P_LUTRAM",
        "RESOURCE variable=kept core=XPM_MEMORY uram",
    ]
    new = ["AGGREGATE variable=rows", "BIND_STORAGE variable=a.b type=ram_2p impl=lutram"]
    new.append("BIND_STORAGE variable=kept type=ram_2p impl=uram")
    same = ["ARRAY_PARTITION variable=rows cyclic factor=BANKS dim=2", "STREAM variable=s depth=7"]
    assert pragmas == ([] if release == "host" else (old if release == "2019.2" else new) + same)
