"""Draws a terminal: runs real commands in a separate terminal and draws its final screen as SVG.

Blocks and lines are drawn as shapes, so that they join in any font; the rest is text.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import NamedTuple

COLUMNS, LINES = 116, 60
CELL, ROW, LEFT, TOP = 8.0, 18.0, 16, 44
COMMANDS = (("doit", "demo"),)
"""The commands to run: a program of the environment and its arguments."""
KEPT_STEPS = 2
"""How many of the first and of the last lines of steps are shown."""

FOREGROUND, BACKGROUND, FRAME = "#d8dee9", "#1b2029", "#7b8794"
COLOURS = ("#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9")
#: Box-drawing characters as strokes from the middle of a cell: left, right, up, down.
BOXES = {"─": "lr", "│": "ud", "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu"}


class Look(NamedTuple):
    """The style of a cell."""

    colour: str = FOREGROUND
    ground: str = ""
    bold: bool = False
    dim: bool = False


class Cell(NamedTuple):
    """One character on the screen."""

    letter: str = " "
    look: Look = Look()


def record(words: list[str], folder: Path, environment: dict[str, str]) -> str:
    """Run a program in a terminal; returns everything that it wrote. Raises CalledProcessError if it fails."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as process:
        os.close(its)
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the program has closed its end
                break
            if not part:
                break
            written += part
    os.close(ours)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words, written)
    return written.decode("utf-8", "replace")


def screen(written: str) -> list[list[Cell]]:
    """The final screen of a program's output. Handles colours, carriage returns, cursor movement and erased lines."""
    lines: list[list[Cell]] = [[]]
    row = column = 0
    look = Look()
    for escape_code, letter in re.findall(r"\x1b\[([?\d;]*[A-Za-z])|([^\x1b])", written):
        if escape_code.endswith("m"):
            look = _look(look, escape_code[:-1])
        elif escape_code.endswith("A"):
            row = max(0, row - int(escape_code[:-1] or 1))
        elif escape_code.endswith("K"):
            lines[row] = [] if escape_code == "2K" else lines[row][:column]
        elif letter == "\r":
            column = 0
        elif letter == "\n":
            row += 1
            if row == len(lines):
                lines.append([])
        elif letter:
            if column == COLUMNS:
                row, column = row + 1, 0
                lines += [[]] * (row == len(lines))
            line = lines[row]
            line += [Cell()] * (column + 1 - len(line))
            line[column] = Cell(letter, look)
            column += 1
    return [_trimmed(line) for line in lines[:-1]]


def _trimmed(line: list[Cell]) -> list[Cell]:
    end = len(line)
    while end and line[end - 1].letter == " " and not line[end - 1].look.ground:
        end -= 1
    return line[:end]


def _look(look: Look, codes: str) -> Look:
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            look = Look()
        elif code == 1:
            look = look._replace(bold=True)
        elif code == 2:
            look = look._replace(dim=True)
        elif code in range(30, 38):
            look = look._replace(colour=COLOURS[code - 30])
        elif code in range(90, 98):
            look = look._replace(colour=COLOURS[code - 90])
        elif code in (38, 48) and numbers[:1] == [2]:
            colour = "#{:02x}{:02x}{:02x}".format(*numbers[1:4])
            numbers = numbers[4:]
            look = look._replace(colour=colour) if code == 38 else look._replace(ground=colour)
        elif code == 39:
            look = look._replace(colour=FOREGROUND)
        elif code == 49:
            look = look._replace(ground="")
    return look


def shortened(lines: list[list[Cell]]) -> list[list[Cell]]:
    """Replace the middle lines of steps by one line with their number."""
    steps = [number for number, line in enumerate(lines) if "".join(cell.letter for cell in line).startswith("  done ")]
    if len(steps) <= 2 * KEPT_STEPS:
        return lines
    first, last = steps[KEPT_STEPS], steps[-KEPT_STEPS]
    gone = [Cell(letter, Look(dim=True)) for letter in f"  … {last - first} more"]
    return [*lines[:first], gone, *lines[last:]]


def _runs(line: list[Cell]) -> list[tuple[int, str, Look]]:
    """Neighbouring cells of one style, as (column, text, look). Cells drawn as shapes are spaces."""
    runs: list[tuple[int, str, Look]] = []
    for column, cell in enumerate(line):
        letter = " " if cell.letter in BOXES or cell.letter in "▀█" else cell.letter
        if runs and (runs[-1][2] == cell.look or letter == " "):
            start, text, look = runs[-1]
            runs[-1] = (start, text + letter, look)
        else:
            runs.append((column, letter, cell.look))
    return [(start + len(text) - len(text.lstrip()), text.strip(), look) for start, text, look in runs if text.strip()]


@dataclass
class Bar:
    """A row of half cells of one colour."""

    x: float
    y: float
    colour: str
    width: float = CELL

    def __str__(self) -> str:
        size = f'width="{self.width:g}" height="{ROW / 2:g}"'
        return f'<rect x="{self.x:g}" y="{self.y:g}" {size} fill="{self.colour}"/>'


def _shapes(line: list[Cell], y: float) -> list[str]:
    """Draw half blocks as two rectangles and frames as lines."""
    bars: list[Bar] = []
    strokes = []
    for column, (letter, look) in enumerate(line):
        x = LEFT + column * CELL
        if letter in "▀█":
            lower = look.ground if letter == "▀" else look.colour
            for part, colour in ((0.0, look.colour), (ROW / 2, lower)):
                same = [bar for bar in bars if bar.y == y + part and bar.colour == colour]
                if same and same[-1].x + same[-1].width == x:
                    same[-1].width += CELL
                elif colour:
                    bars.append(Bar(x, y + part, colour))
        elif letter in BOXES:
            middle, centre = x + CELL / 2, y + ROW / 2
            ends = {"l": (x, centre), "r": (x + CELL, centre), "u": (middle, y), "d": (middle, y + ROW)}
            strokes += [f"M{middle:g} {centre:g}L{ends[way][0]:g} {ends[way][1]:g}" for way in BOXES[letter]]
    found = [str(bar) for bar in bars]
    if strokes:
        found.append(f'<path d="{"".join(strokes)}" stroke="{FRAME}" fill="none"/>')
    return found


def drawing(lines: list[list[Cell]]) -> str:
    """Draw a screen; returns its SVG text."""
    width, height = int(2 * LEFT + COLUMNS * CELL), int(TOP + len(lines) * ROW + 16)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="A build of digits in a terminal">',
        "<style>rect { shape-rendering: crispEdges }",
        'text { font: 13px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; '
        "white-space: pre }</style>",
        f'<rect width="{width}" height="{height}" rx="9" fill="{BACKGROUND}" style="shape-rendering: auto"/>',
        *(
            f'<circle cx="{20 + 18 * i}" cy="20" r="5.5" fill="{COLOURS[colour]}"/>'
            for i, colour in enumerate((1, 3, 2))
        ),
    ]
    for number, line in enumerate(lines):
        y = TOP + number * ROW
        parts += _shapes(line, y)
        for column, text, look in _runs(line):
            style = ' font-weight="bold"' * look.bold + ' opacity="0.6"' * look.dim
            # textLength aligns the columns in any font.
            parts.append(
                f'<text x="{LEFT + column * CELL:g}" y="{y + 12.5:g}" fill="{look.colour}"{style} '
                f'textLength="{len(text) * CELL:g}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def picture(root: Path) -> str:
    """Run the commands in a clone of the checkout with an empty store; returns the SVG text."""
    programs = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder, "checkout")
        subprocess.run(["git", "clone", "-q", str(root), str(checkout)], check=True)
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}", "HOME": folder, "LANG": "C.UTF-8",
            "TERM": "xterm-256color", "COLORTERM": "truecolor",
        }  # fmt: skip
        lines: list[list[Cell]] = []
        for program, *words in COMMANDS:
            typed = f"$ .venv/bin/{program} {' '.join(words)}"
            lines.append([Cell(letter, Look(bold=True)) for letter in typed])
            lines += shortened(screen(record([str(programs / program), *words], checkout, environment)))
    return drawing(lines)
