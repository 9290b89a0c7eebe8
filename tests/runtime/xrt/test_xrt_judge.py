"""AMD's own XRT reads what this project writes: every file, the good ones and the broken ones.

`judge.cpp` speaks to the libraries of XRT in noop mode, on a device that executes nothing. Where XRT is not installed,
these tests skip and say so.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import needs
import pytest

from runtime.errors import FarmRuntimeError, XrtError
from runtime.formats import xclbin
from runtime.formats.checks import manifest_of
from runtime.formats.xclbin import HEADER, RECORD, Kind, Section
from runtime.xrt import judge, report
from runtime.xrt.differences import differences

ROOT = Path(__file__).resolve().parents[3]
UUID_AT = 0x1A0
LENGTH_AT = 0x130


@pytest.fixture(scope="session")
def program(once):
    """The compiled judge, or skip where there is no XRT."""
    installation = needs.xrt()
    return once.make("xrt-judge", lambda folder: judge.compile_judge(installation, folder)) / judge.PROGRAM


@pytest.fixture()
def ask(program, tmp_path):
    """What XRT makes of these bytes, or the XrtError that it crashed on them."""

    def ask(data: bytes) -> report.Report:
        path = tmp_path / "asked.xclbin"
        path.write_bytes(data)
        return judge.judge(program, path)

    return ask


def test_every_value_is_the_one_that_was_written(ask, compose):
    """Numbers typed from the register map, the banks and the connections of the fixtures."""
    file = compose(units=2)
    found = ask(xclbin.pack(file))
    assert (found.failed, found.what) == ("", "")
    assert found.uuid == found.loaded == file.header.uuid.hex()
    assert found.platform == "xilinx_u250_xdma_201830_2"
    assert [(m.index, m.tag, m.type, m.used, m.base_address, m.size_kib) for m in found.memories] == [
        (0, "bank0", 1, True, 0x4000000000, 16 << 20),
        (1, "bank1", 1, True, 0x5000000000, 16 << 20),
        (2, "bank2", 1, False, 0x6000000000, 16 << 20),
        (3, "PLRAM[0]", 2, True, 0x3000000000, 64),
    ]
    (kernel,) = found.kernels
    assert kernel.name == "digits"
    assert [(u.name, u.base_address) for u in kernel.units] == [
        ("digits:digits_1", 0x1800000),
        ("digits:digits_2", 0x1810000),
    ]
    for unit in kernel.units:
        assert unit.run_state == 4
        assert [(a.index, a.name, a.port, a.offset, a.size_bytes) for a in unit.arguments] == [
            (0, "in_r", "M_AXI_GMEM0", 0x10, 8),
            (1, "out_r", "M_AXI_GMEM1", 0x1C, 8),
            (2, "weightsmem", "M_AXI_GMEM2", 0x28, 8),
            (3, "numReps", "S_AXI_CONTROL", 0x34, 4),
        ]
        assert [a.memories for a in unit.arguments] == [(0,), (0,), (0, 3), ()]
        assert [a.group for a in unit.arguments[:2]] == [0, 0]
        assert unit.arguments[2].group in (0, 3)
        assert unit.arguments[3].group is None


def patched(data: bytes, at: int, layout: str, *values: object) -> bytes:
    result = bytearray(data)
    struct.pack_into(layout, result, at, *values)
    return bytes(result)


def in_section(kind: Kind, at: int, layout: str, *values: object):
    """Damage of a section's bytes, which no length shows."""

    def damage(data: bytes) -> bytes:
        section = next(s for s in xclbin.parse(data).sections if s.kind == kind)
        return patched(data, section.offset + at, layout, *values)

    return damage


def record_of(kind: Kind, data: bytes) -> int:
    """Where the record of a section stands in the table."""
    return HEADER.size + RECORD.size * [each.kind for each in xclbin.parse(data).sections].index(kind)


def with_bodies(change):
    """Damage of the list of sections: (kind, bytes) pairs in, and out; the file is laid out anew."""

    def damage(data: bytes) -> bytes:
        file = xclbin.parse(data)
        bodies = [
            (s.kind, body) for s, body in ((s, change(s.kind, s.data)) for s in file.sections) if body is not None
        ]
        offset = HEADER.size + RECORD.size * len(bodies)
        sections = []
        for kind, body in bodies:
            offset += -offset % 8
            sections.append(Section(kind, Kind(kind).name.encode()[:15].ljust(16, b"\0"), offset, body))
            offset += len(body)
        return xclbin.pack(xclbin.Xclbin(replace(file.header, length=offset), tuple(sections)))

    return damage


def without(kind: Kind):
    return with_bodies(lambda each, body: None if each == kind else body)


def in_xml(pattern: str, text: str):
    def change(kind: int, body: bytes) -> bytes:
        if kind != Kind.EMBEDDED_METADATA:
            return body
        changed, count = re.subn(pattern, text, body.decode(), count=1, flags=re.DOTALL)
        assert count == 1, pattern
        return changed.encode()

    return with_bodies(change)


def in_xml_text(change):
    return with_bodies(lambda kind, body: change(body) if kind == Kind.EMBEDDED_METADATA else body)


BANKS, UNITS, CONNECTIONS, XML = Kind.MEM_TOPOLOGY, Kind.IP_LAYOUT, Kind.CONNECTIVITY, Kind.EMBEDDED_METADATA
FOUND_BY_BOTH = {
    "magic": lambda d: b"xclbin0\0" + d[8:],
    "a huge number of sections": lambda d: patched(d, 0x1C0, "<I", 1 << 30),
    "a section behind the end": lambda d: patched(d, record_of(BANKS, d) + 24, "<Q", len(d)),
    "no memories": without(BANKS),
    "no compute units": without(UNITS),
    "no connections": without(CONNECTIONS),
    "no kernel description": without(XML),
    "connection to memory 99": in_section(CONNECTIONS, 4 + 8, "<i", 99),
    "connection to memory -1": in_section(CONNECTIONS, 4 + 8, "<i", -1),
    "connection to an unused memory": in_section(CONNECTIONS, 4 + 8, "<i", 2),
    "connection of unit 7": in_section(CONNECTIONS, 4 + 4, "<i", 7),
    "connection of argument 9": in_section(CONNECTIONS, 4, "<i", 9),
    "more connections than there are": in_section(CONNECTIONS, 0, "<i", 100_000),
    "-1 connections": in_section(CONNECTIONS, 0, "<i", -1),
    "more memories than there are": in_section(BANKS, 0, "<i", 100_000),
    "the used memory is marked unused": in_section(BANKS, 8 + 1, "<B", 0),
    "a unit of another kernel": in_section(UNITS, 8 + 16, "13s", b"other:other_1"),
    "XML that ends in the middle": in_xml_text(lambda xml: xml[: len(xml) // 2]),
    "an argument is missing in the XML": in_xml('<arg name="weightsmem".*?/>', ""),
    "two arguments of one number": in_xml('(name="out_r"[^>]*) id="1"', r'\1 id="0"'),
    "an argument without offset": in_xml('(name="in_r"[^>]*) offset="0x10"', r"\1"),
    "a kernel of another name": in_xml('<kernel name="digits"', '<kernel name="other"'),
}
# XRT does not look at these. For the first five it reads behind the end of the file: what comes of that is chance.
FOUND_BY_US = {
    "cut off in the header": lambda d: d[:100],
    "cut off in the table": lambda d: d[:0x1F0],
    "cut off in half": lambda d: d[: len(d) // 2],
    "the last byte is missing": lambda d: d[:-1],
    "more units than there are": in_section(UNITS, 0, "<i", 100_000),
    "length": lambda d: patched(d, LENGTH_AT, "<Q", 10),
    "XML that is not UTF-8": in_section(XML, 9, "<B", 0xFF),
    "a unit of the XML that no table has": in_xml('<instance name="digits_1"', '<instance name="other_1"'),
    "a unit at another address": in_section(UNITS, 8 + 8, "<Q", 0x1900000),
    "a pointer of 4 bytes": in_xml('(name="in_r"[^>]*? size=")0x8', r"\g<1>0x4"),
    "overlapping registers": in_xml('offset="0x1C"', 'offset="0x14"'),
    "a port that is not there": in_xml('(name="in_r"[^>]* port=")M_AXI_GMEM0', r"\1NOPE"),
    "no manifest": without(Kind.USER_METADATA),
    "a manifest that is not JSON": in_section(Kind.USER_METADATA, 0, "1s", b"x"),
    # The archive repeats the table, for XRT's hardware emulation.
    "a memory at another address": in_section(BANKS, 8 + 16, "<Q", 0x12300000),
    "the program that XRT starts behind the end": lambda d: patched(d, record_of(Kind.BITSTREAM, d) + 24, "<Q", len(d)),
    "damaged emulation data": in_section(Kind.EMULATION_DATA, 200, "16s", bytes(16)),
}
# A file may come from another tool: its uuid follows from nothing.
FOUND_BY_NOBODY = {
    "uuid": lambda d: patched(d, UUID_AT, "16s", bytes(range(16))),
    "no clocks": without(Kind.CLOCK_FREQ_TOPOLOGY),
}
CHANCE = list(FOUND_BY_US)[:5]


def refused_by_us(data: bytes, path: Path) -> bool:
    path.write_bytes(data)
    try:
        manifest_of(xclbin.read(path), str(path))
    except FarmRuntimeError:
        return True
    return False


def refused_by_xrt(ask, data: bytes) -> bool:
    """Whether a host program that opens compute unit digits_1 and runs it fails, by an exception or a crash of XRT."""
    try:
        found = ask(data)
    except XrtError:
        return True
    units = [unit.name for kernel in found.kernels for unit in kernel.units]
    return bool(found.failed) or "digits:digits_1" not in units


@pytest.mark.parametrize("name", FOUND_BY_BOTH)
def test_both_refuse(ask, compose, tmp_path, name):
    broken = FOUND_BY_BOTH[name](xclbin.pack(compose()))
    assert refused_by_us(broken, tmp_path / "broken.xclbin")
    assert refused_by_xrt(ask, broken)


@pytest.mark.parametrize("name", FOUND_BY_US)
def test_only_we_refuse(ask, compose, tmp_path, name):
    broken = FOUND_BY_US[name](xclbin.pack(compose()))
    assert refused_by_us(broken, tmp_path / "broken.xclbin")
    assert name in CHANCE or not refused_by_xrt(ask, broken)


@pytest.mark.parametrize("name", FOUND_BY_NOBODY)
def test_nobody_refuses(ask, compose, tmp_path, name):
    broken = FOUND_BY_NOBODY[name](xclbin.pack(compose()))
    assert not refused_by_us(broken, tmp_path / "broken.xclbin")
    assert not refused_by_xrt(ask, broken)


def test_a_difference_is_named(ask, compose):
    """The same report against a file that says something else, in each thing that is compared."""
    file = compose()
    found = ask(xclbin.pack(file))
    assert differences(file, found) == ()
    unit = found.kernels[0].units[0]
    argument = replace(unit.arguments[0], offset=0x18)
    changed = {
        "uuid": replace(found, uuid="0" * 32),
        "after the load": replace(found, loaded="0" * 32),
        "platform": replace(found, platform="x"),
        "memory 1": replace(found, memories=(found.memories[0], *found.memories[2:])),
        "compute units": replace(found, kernels=()),
    }
    for words, units in {
        "address of": replace(unit, base_address=0),
        "argument of digits:digits_1 0": replace(unit, arguments=(argument, *unit.arguments[1:])),
        "argument of digits:digits_1 3": replace(unit, arguments=unit.arguments[:3]),
        "group id 5": replace(unit, arguments=(replace(unit.arguments[0], group=5), *unit.arguments[1:])),
        "state 5": replace(unit, run_state=5),
    }.items():
        changed[words] = replace(found, kernels=(replace(found.kernels[0], units=(units,)),))
    for words, other in changed.items():
        (line,) = differences(file, other)
        assert words in line


def test_the_demo_s_file(program, digits_built):
    path = digits_built / "checkout" / "build" / "digits" / "open-sw_emu" / "digits.xclbin"
    assert differences(xclbin.read(path), judge.judge(program, path)) == ()


@pytest.mark.parametrize("name", ["default_pynq.xclbin", "v2023.1_vck190_mac.xclbin", "xrt_unittest_valid.xclbin"])
def test_files_of_other_builders(program, name):
    path = ROOT / ".." / "shared" / "reports_corpus" / "handoff" / name
    if not path.is_file():
        pytest.skip("the corpus of real files is not beside this checkout")
    assert differences(xclbin.read(path), judge.judge(program, path)) == ()


def test_info_shows_it(program, build):
    path = build()
    done = run_info(path)
    assert done.returncode == 0, done.stderr
    assert "XRT: compute unit digits:digits_1 at 0x1800000" in done.stdout
    assert "reads the same as this program" in done.stdout


def run_info(path: Path, **environment: str):
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "200", **environment}
    argv = [sys.executable, "-m", "runtime", "info", "--xrt", str(path)]
    return subprocess.run(argv, env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_without_xrt_it_is_one_line(build, tmp_path):
    done = run_info(build(), XILINX_XRT=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    for words in (f"error: {tmp_path}/include/xrt/xrt_kernel.h", "no XRT with its headers", "apt-get install libxrt1"):
        assert words in done.stderr


def test_without_compiler_it_is_one_line(build, tmp_path):
    done = run_info(build(), PATH=str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no g++" in done.stderr


def test_a_header_that_xrt_needs_is_named(tmp_path, monkeypatch):
    """Debian's libxrt-dev does not depend on uuid-dev: a compiler that finds no header stands for that."""
    compiler = tmp_path / "bin" / "g++"
    compiler.parent.mkdir()
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    for name in ("include/xrt/xrt_kernel.h", "lib/libxrt_coreutil.so"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    monkeypatch.setenv("XILINX_XRT", str(tmp_path))
    monkeypatch.setenv("PATH", str(compiler.parent))
    with pytest.raises(XrtError, match=r"uuid/uuid.h is missing.*uuid-dev"):
        judge.find()


def test_headers_that_do_not_compile(build, tmp_path, monkeypatch):
    needs.compiler()
    (tmp_path / "include" / "xrt").mkdir(parents=True)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libxrt_coreutil.so").touch()
    for name in ("xrt_kernel.h", "xrt_device.h", "xrt_bo.h"):
        (tmp_path / "include" / "xrt" / name).write_text("#error of another release\n")
    monkeypatch.setenv("XILINX_XRT", str(tmp_path))
    with pytest.raises(XrtError, match="does not compile with the installed XRT"):
        judge.ask(build())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -SEGV $$", "was killed by SIGSEGV"),
        ("exit 3", "exit status 3"),
        ("sleep 600 & sleep 600", "did not end within"),
        ("true", "left no report"),
        ("sleep 600 &", "left no report"),
        ("echo not JSON > $2", "cannot be read"),
        ("echo '{}' > $2", "cannot be read"),
        ("echo '{\"format\": 2}' > $2", "cannot be read"),
        ("head -c 20000000 /dev/zero > $2", "larger than"),
    ],
)
def test_whatever_xrt_does_is_one_error_and_no_process_is_left(tmp_path, monkeypatch, script, words):
    program = tmp_path / "judge"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\n{script}\n")
    program.chmod(0o755)
    # A busy machine may take a second to start a shell.
    monkeypatch.setattr(judge, "_RUN_TIMEOUT_S", 0.5 if words == "did not end within" else 30.0)
    with pytest.raises(XrtError, match=words):
        judge.judge(program, tmp_path / "file.xclbin")
    group = (tmp_path / "pid").read_text().strip()
    until = time.monotonic() + 10.0
    while living(group) and time.monotonic() < until:  # a killed process takes a moment to end
        time.sleep(0.05)
    assert living(group) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", ["sleep 600", "kill -SEGV $$"])
def test_a_chance_failure_of_xrt_is_asked_again(tmp_path, monkeypatch, first):
    """XRT hung on one good file in 660 on a busy machine."""
    program = tmp_path / "judge"
    answer = '{\\"format\\": 1, \\"failed\\": \\"load\\", \\"what\\": \\"words\\"}'
    program.write_text(f'#!/bin/sh\nif mkdir {tmp_path}/tried; then {first}; fi\necho "{answer}" > $2\n')
    program.chmod(0o755)
    monkeypatch.setattr(judge, "_RUN_TIMEOUT_S", 3.0)
    assert judge.judge(program, tmp_path / "file.xclbin").what == "words"


def living(group: str) -> list[list[str]]:
    """The processes of a group. What has ended and waits for init to notice does not count."""
    return [state for state in process_states() if state[2] == group and state[0] not in "ZX"]


def process_states() -> Iterator[list[str]]:
    """State, parent, group and more of each process."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            yield stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
