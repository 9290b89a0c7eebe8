"""The contents of a bug report: redacted texts by their names in the archive."""

from __future__ import annotations

import contextlib
import getpass
import io
import json
import re
import shlex
import socket
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from farm.commands.questions.version import version_lines
from farm.display.build_log import Event, NewerLogError, read_events
from farm.execution.repro_folder import secret_variables
from farm.planning.graph import Task, step_of
from farm.project import Project
from farm.redaction import Redaction
from farm.step import Step

_MOST_LOG = 2_000_000
_README = """\
Made by 'doit bugreport'. Nothing was sent anywhere.

version.txt        the project, Python, doit, the system
settings.txt       the effective settings and where each is from
<question>.txt     what the command of that name prints
last_build.jsonl   the events of the last build, a line each
failed/<step>/     of each step that failed then: its command, and its log

Left out: users, hosts, licence servers, tokens, variables with private values, trained parameters, sources.
The filter knows the habits of tools and is no proof: look through the files before you send them.
"""


def contents(root: Path, project: Project, tasks: Mapping[str, Task]) -> dict[str, str]:
    """Return the texts. `tasks` are those of the present settings: a failed step of other ones has its log only."""
    clean = _cleaner(project.redaction)
    files = {"README.txt": _README, "version.txt": clean(_lines(version_lines(root)))}
    settings = project.settings
    files["settings.txt"] = clean(
        _lines(f"{key}: {value}  ({settings.origin(key)})" for key, value in settings.values.items())
    )
    for question in project.questions:
        if question.in_report:
            files[f"{question.name}.txt"] = clean(_answer(question.answer))
    try:
        events = read_events(root)
    except (OSError, NewerLogError):
        return files
    files["last_build.jsonl"] = clean(_lines(json.dumps(_without_values(event)) for event in events))
    for event in events:
        if event["event"] == "failed":
            name = str(event.get("name", ""))
            place = f"failed/{re.sub(r'[^A-Za-z0-9_.-]', '-', name).lstrip('.') or 'unnamed'}"
            log = str((event.get("failure") or {}).get("log") or "")
            step = step_of(tasks[name]) if name in tasks else None
            # Another network or target has steps of the same name, but not with the same log.
            if step is not None and log in ("", step.log):
                files[f"{place}/command.txt"] = clean(_command(step, project.redaction))
            if (text := _log(root, log)) is not None:
                files[f"{place}/log.txt"] = clean(text)[-_MOST_LOG:]
    return files


def archive(files: Mapping[str, str]) -> bytes:
    """Return a zip archive with the texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, text in files.items():
            writer.writestr(name, text.encode("utf-8", errors="replace"))
    return buffer.getvalue()


def _cleaner(redaction: Redaction) -> Callable[[str], str]:
    """Return a function that cleans a text; it also hides the names of the user and the host."""
    names = [f"HOSTNAME={socket.gethostname()}"]
    # A user without an entry in the list of users has no name to hide.
    with contextlib.suppress(KeyError, OSError, ImportError):
        names.append(f"USER={getpass.getuser()}")
    return lambda text: redaction.clean(text, _lines([*names, text]))


def _answer(answer: Callable[[], str | None]) -> str:
    """Return what a question prints; an answer that fails is one too."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            failed = answer()
        except Exception as error:  # a report about a failure must not end by one
            failed = f"{type(error).__name__}: {error}"
    return said.getvalue() + (f"ERROR: {failed}\n" if failed else "")


def _without_values(event: Event) -> Event:
    """Return an event without the values of variables: they are for this machine only."""
    reasons = [
        {**reason, "before": "", "after": ""} if reason.get("kind") == "environment" else reason
        for reason in event.get("reasons", ())
        if isinstance(reason, dict)
    ]
    return {**event, "reasons": reasons} if "reasons" in event else event


def _command(step: Step, redaction: Redaction) -> str:
    private = set(secret_variables(step, redaction))
    rows = [
        ("command", [shlex.join(step.argv)]),
        ("tools", [f"{tool.name} {tool.version}" for tool in step.tools]),
        ("facts", [f"{name} {value}" for name, value in step.facts]),
        ("variables", [f"{n}={'<left out>' if n in private else value}" for n, value in step.environment]),
        ("inputs", [item.path for item in step.inputs]),
        ("outputs", [item.target for item in step.outputs]),
    ]
    return _lines(line for title, found in rows if found for line in (f"{title}:", *(f"  {one}" for one in found)))


def _log(root: Path, log: str) -> str | None:
    """Return a log of the checkout; None for a path that leads out of it, and for none."""
    path = (root / log).resolve()
    if not log or not path.is_relative_to(root.resolve()) or not path.is_file():
        return None
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return None


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
