"""What reaches a terminal holds no control characters: no escape sequences, no letters that turn a line around."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.live import Live
from rich.table import Table
from rich.text import Text

from config import output
from reports.__main__ import main as reports_main
from runtime.__main__ import main as runtime_main
from runtime.errors import InputError
from runtime.formats import xclbin
from runtime.formats.sections import MemoryBank

ROOT = Path(__file__).resolve().parents[3]
# Unicode's own words for the characters, not ours: categories Cc and the property Bidi_Control (PropList.txt).
BIDI = set(map(chr, [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
HOSTILE = "\x1b]0;owned\x07\x1b[2Jred\x1b[31m\x9b5A \x7f\x08\u202egnp.exe\u2066"


def commands(text: str) -> set[str]:
    """The characters of a text that a terminal would obey."""
    return {
        letter for letter in text if letter in BIDI or (unicodedata.category(letter) == "Cc" and letter not in "\n\t")
    }


@settings(deadline=None)
@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "L", "Nd"]), max_size=80))
def test_any_text(text: str) -> None:
    clean = output.clean(text)
    assert commands(clean.replace("\r\n", "\n")) == set()
    assert output.clean(clean) == clean
    assert clean.count("\n") == text.count("\n")
    if not commands(text):
        assert clean == text or re.search("[\udc80-\udc9f]", text)


def test_what_is_taken_out_is_written_out() -> None:
    assert output.clean("a\x1b[1mb\u202e\tc\r\nd\re\n") == "a\\x1b[1mb\\u202e\tc\r\nd\\x0de\n"
    assert output.clean(b"\x9b5A \xff".decode("utf-8", "surrogateescape")) == "\\udc9b5A \udcff", "C1 as a byte"


def test_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    bytes_out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_out, encoding="latin-1"))
    monkeypatch.setattr(sys, "stderr", None)
    output.clean_output()
    output.clean_output()
    print(HOSTILE, "\u20ac \udcff", flush=True)  # noqa: T201
    sys.stdout.writelines(["a\x1b", "b\n"])
    sys.stdout.flush()
    assert bytes_out.getvalue().endswith(b"\\u20ac \\udcff\na\\x1bb\n"), "letters that Latin-1 lacks end no command"
    assert commands(bytes_out.getvalue().decode("latin-1")) == set()
    assert sys.stderr is None


def test_tables_keep_their_own_colours_and_lose_others(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    shown.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setenv("TERM", "xterm")
    output.clean_output()
    console = output.console(highlight=False, markup=False, force_terminal=True, width=300, color_system="standard")
    table = Table("name", "x", box=None)
    table.add_row(HOSTILE, Text(HOSTILE))
    with Live(console=console, auto_refresh=False) as live:
        live.update(Text(HOSTILE), refresh=True)
        output.clean_output()
        print(HOSTILE)  # noqa: T201 - goes through a stream of rich's
        console.print(HOSTILE, style="green", soft_wrap=True)
    console.print(table)
    console.print(Text.assemble(("styled", "red"), HOSTILE))
    text = re.sub(r"\x1b\[(?:\d+(?:;\d+)*m|\?25[lh]|[12]K|1A)|\r", "", shown.getvalue())
    assert commands(text) == set(), "only what rich itself writes was taken out of the text"
    assert "\x1b[31mstyled" in shown.getvalue() and "\x1b[32m" in shown.getvalue()
    for line in text.splitlines():
        assert "owned" not in line or "\\x1b]0;owned" in line


def test_a_table_stays_straight() -> None:
    shown = io.StringIO()
    table = Table("name", "value", box=None, show_header=False)
    for name in ("plain name", "a\x1b[2Jb"):
        table.add_row(name, "|")
    output.console(file=shown, width=80).print(table)
    assert [line.index("|") for line in shown.getvalue().splitlines()] == [13, 13]


def test_the_runtime_has_the_same() -> None:
    assert (ROOT / "runtime/output.py").read_text() == (ROOT / "config/output.py").read_text()


def test_every_console_is_a_clean_one() -> None:
    rooms = ("blocks/parameters", "config", "farm", "integration", "reports", "runtime", "toolchains")
    files = [file for room in rooms for file in (ROOT / room).rglob("*.py")] + [ROOT / "benchmarks/held_out.py"]
    makes = re.compile(r"(?<![\w.])Console\(")
    assert [file.relative_to(ROOT).as_posix() for file in files if makes.search(file.read_text())] == []
    mains = ["reports/__main__.py", "runtime/__main__.py", "blocks/parameters/__main__.py", "farm/commands/helpful.py"]
    assert [name for name in mains if "clean_output()" not in (ROOT / name).read_text()] == []


# -- whole commands ---


def test_an_xclbin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bank = MemoryBank("\x1b[31mDDR\n", 1, True, 1024, 0)
    file = tmp_path / "\x1b[2J\u202e.xclbin"
    parts = {"platform_vbnv": "xilinx\x1b[5A", "mode": xclbin.Mode.SW_EMU, "memories": [bank], "ip_layout": []}
    xclbin.write(xclbin.compose(**parts, metadata="", connections=[], clocks=[], manifest="", emulation={}), file)
    runtime_main(["info", str(file)])
    runtime_main(["trust", str(file)])
    runtime_main(["info", str(tmp_path / "\x1b[2Jnone")])
    shown = capsys.readouterr()
    assert commands(shown.out + shown.err) == set()
    assert "\\x1b[5A" in shown.out and "\\x1b[2J" in shown.err and "DDR\\n" in shown.out


def test_an_error_of_the_runtime_in_a_host_program() -> None:
    """A payload's last words are in it, and Python's own traceback prints them."""
    assert commands(str(InputError(HOSTILE, where=HOSTILE, remedy=HOSTILE))) == set()


def test_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "\x1b]0;x\x07\u202eutil.rpt"
    design = "to\x1b[31mp\u202e"
    log = tmp_path / name
    log.write_text(f"#-----\n# Vivado v2020.1 (64-bit)\n#-----\nERROR: [Synth 8-439] module '{design}' not found\n")
    reports_main([str(log)])
    reports_main([str(tmp_path / "\x1b[2Jnone")])
    shown = capsys.readouterr()
    assert commands(shown.out + shown.err) == set() and "\\x1b]0;x" in shown.out
    reports_main([str(log), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["reports"][0]["file"] == str(log), "JSON stays exact"


@pytest.mark.parametrize("module", ["reports", "runtime", "blocks.parameters"])
def test_arguments_of_a_program(tmp_path: Path, module: str) -> None:
    words = {"reports": [HOSTILE.strip("\0")], "runtime": ["info", HOSTILE], "blocks.parameters": [HOSTILE, HOSTILE]}
    done = subprocess.run(
        [sys.executable, "-m", module, *words[module]], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert done.returncode and done.stderr
    assert commands((done.stdout + done.stderr).decode()) == set()
    assert b"Traceback" not in done.stderr


def test_a_reader_that_has_gone_is_told_to_the_caller() -> None:
    """rich would end the program with the status of a failure."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    with pytest.raises(BrokenPipeError):
        output.console(file=stream).print("text")
    with contextlib.suppress(BrokenPipeError):
        stream.close()
