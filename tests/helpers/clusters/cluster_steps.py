"""Bodies of a dodo.py whose steps tell in a file of their own when they ran."""

from __future__ import annotations

import sys
from pathlib import Path

import fake_queue


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


def queue_settings(queue: Path, *more: str) -> str:
    """Settings for the small queue in a folder; `more` are lines below `farm`."""
    program = f"{sys.executable} -S {fake_queue.__file__} {queue}"
    return f"""\
farm:
  executor: command
  command:
    submit: "{program} submit {{name}} {{cores}} {{memory_mb}} {{licences}} --"
    licence: "{{licence}}:{{count}}"
    alive: "{program} alive"
    clear: "{program} clear {{name}}"
  {
        '''
  '''.join(more)
    }
"""
