"""A step as a folder of its own: inputs, one script, and a text, to be looked at or sent away.

The script runs the tool as the engine does, in a fresh folder with the declared inputs, the declared environment and
nothing of the user's but PATH.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from farm.redaction import Redaction
from farm.results.digest import Digest
from farm.results.folder import copy, remove_tree
from farm.step import PYTHON, File, Step

_MARK = "# Made by 'doit repro'"
# The script does not contain the values of such variables; its user sets them.
_SECRET = re.compile(r"(?i)(secret|token|passw|credential|licen[cs]e|api_?key|private)")

_SCRIPT = """\
#!/bin/sh
{mark} from the step {name}. Its exit status is the tool's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$here/work" "$here/home" "$here/tmp"
mkdir -p "$here/work" "$here/home" "$here/tmp"
cp -R "$here/inputs/." "$here/work/"
cd "$here/work"
{folders}status=0
env -i {environment} \\
  {command} </dev/null || status=$?
echo "exit status $status" >&2
if [ "$status" -eq 0 ] && [ -f "$here/expected.sha256" ]; then
  sha256sum -c "$here/expected.sha256" >&2 || echo "the outputs differ from those of the build" >&2
fi
exit "$status"
"""

_README = """\
# {name}

`./run` runs this step as the build does: a copy of `inputs/` becomes `work/`, the tool runs there with the environment
that the step declares and the caller's PATH, and its outputs stay in `work/`. It can be run as often as wanted.

command: `{command}`

| needed on PATH | version in the build |
|---|---|
{tools}
{variables}
outputs: {outputs}

{expected}
"""


class ReproError(Exception):
    """The folder cannot be made; the message names the remedy."""


def write_repro(
    step: Step, root: Path, folder: Path, outputs: Mapping[str, Digest] | None, redaction: Redaction
) -> None:
    """Write the folder. `outputs` are the digests by target of a run with exactly these inputs, None if there is none.

    The folder may be sent away: variables with private values are left out, and so is the path of this Python if it
    names a user.

    Raises ReproError if the folder is in use for something else, or an input does not exist yet.
    """
    sources = [item for item in step.inputs if isinstance(item, File)]
    missing = [item.source for item in sources if not (root / item.source).is_file()]
    if missing:
        raise ReproError(f"{', '.join(missing)}: not there yet; build what makes it first")
    _make_room(folder)
    inputs = folder / "inputs"
    inputs.mkdir(parents=True)
    for item in step.inputs:
        place = inputs / item.path
        if isinstance(item, File):
            copy(root / item.source, place)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(item.content, "utf-8")
    if outputs is not None:
        lines = [f"{outputs[output.target].sha256}  {output.path}\n" for output in step.outputs]
        (folder / "expected.sha256").write_text("".join(lines), "utf-8")
    readme = _readme(step, redaction, known=outputs is not None)
    (folder / "README.md").write_text(redaction.clean(readme, ""), "utf-8")
    script = folder / "run"
    script.write_text(_script(step, redaction), "utf-8")
    script.chmod(0o755)


def secret_variables(step: Step, redaction: Redaction) -> tuple[str, ...]:
    """Return the declared variables whose values do not leave this machine."""
    declared = tuple(
        name for name, value in step.environment if _SECRET.search(name) or redaction.hides(f"{name}={value}")
    )
    return (*declared, *(name for name, _ in step.private))


def needs_python(step: Step, redaction: Redaction) -> bool:
    """Tell whether the script has to be told the interpreter, since the path of this one is private."""
    return step.argv[0] == PYTHON and redaction.hides(sys.executable)


def _make_room(folder: Path) -> None:
    try:
        script = folder / "run"
        if script.is_file() and _MARK in script.read_text("utf-8", errors="replace"):
            remove_tree(folder)
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ReproError(f"{folder} is there already and not made by 'doit repro'; name another folder with -o")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReproError(f"{folder}: {error.strerror}; name another folder with -o") from None


def _script(step: Step, redaction: Redaction) -> str:
    secret = secret_variables(step, redaction)
    variables = {
        "PATH": '"$PATH"',
        "HOME": '"$here/home"',
        "TMPDIR": '"$here/tmp"',
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **{name: shlex.quote(value) for name, value in step.environment},
        **{name: f'"${{{name}?set it: its value is not part of this folder}}"' for name in secret},
    }
    folders = sorted({str(Path(output.path).parent) for output in step.outputs} - {"."})
    return _SCRIPT.format(
        mark=_MARK,
        name=step.name,
        folders=f"mkdir -p {shlex.join(folders)}\n" if folders else "",
        environment=" ".join(f"{name}={value}" for name, value in variables.items()),
        command=_command(step, redaction),
    )


def _command(step: Step, redaction: Redaction) -> str:
    if step.argv[0] != PYTHON:
        return shlex.join(step.argv)
    python = "?set it to a Python with what ./setup installs" if needs_python(step, redaction) else f"-{sys.executable}"
    return f'"${{PYTHON:{python}}}" {shlex.join(step.argv[1:])}'


def _readme(step: Step, redaction: Redaction, *, known: bool) -> str:
    secret = secret_variables(step, redaction)
    return _README.format(
        name=step.name,
        command=shlex.join(["python" if word == PYTHON else word for word in step.argv]),
        tools="\n".join(f"| {tool.name} | {tool.version} |" for tool in step.tools) or "| (none declared) | |",
        variables=f"\nTo be set by you, since values of such variables are left out: {', '.join(secret)}\n"
        if secret
        else "",
        outputs=", ".join(f"`work/{output.path}`" for output in step.outputs),
        expected="The script compares the outputs with those of the build (`expected.sha256`)."
        if known
        else "There is no finished run with these inputs to compare the outputs with.",
    )
