"""Bodies of a dodo.py whose steps tell in a file of their own when they ran."""

from __future__ import annotations

from pathlib import Path


def counting(marks: Path, count: int, seconds: float) -> str:
    """Steps that each append their name to one file when they run."""
    return f"""
BUILD = ["n"]
def task_n():
    for n in range({count}):
        code = (
            "import pathlib, time\\n"
            f"with open({str(marks)!r}, 'a') as marks: marks.write('{{n}}\\\\n')\\n"
            f"time.sleep({seconds})\\n"
            f"pathlib.Path('out{{n}}').write_text('{{n}}')\\n"
        )
        yield task(python(f"n:{{n}}", code, outputs=(f"out{{n}}",)), doc="x")
"""


def one(code: str, more: str = "") -> str:
    return f'BUILD = ["one"]\ndef task_one():\n    yield task(python("one", {code!r}{more}), doc="x")\n'


WRITE = "open('out', 'w').write('x')"
