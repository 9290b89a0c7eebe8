"""`doit bugreport`: packs one archive that lets others understand a failure; look through it and send it."""

from __future__ import annotations

import sys
from pathlib import Path

from doit.exceptions import InvalidCommand

from farm.commands.bug_archive import archive, contents
from farm.commands.groups import by_name
from farm.commands.questions.inspection import Inspection
from farm.project import project_of
from farm.results.folder import write_atomically

_DEFAULT = "build/bugreport.zip"


class BugReport(Inspection):
    """Writes the archive and lists its files."""

    name = "bugreport"
    doc_purpose = "collect the last build's failures in an archive that you can send; nothing is sent"
    doc_usage = "[-o FILE] [key=value...]"
    about = """
    Versions, settings, the tools that were found, the events of the last build, and the commands and logs of its failed
    steps. Users, hosts, licence servers and tokens are left out. Trained parameters, variables with private values and
    sources are never in it. Give the key=value words of the build that failed.
    """
    examples = ("doit bugreport", "doit bugreport -o report.zip network=digits toolchain=auto target=hw")
    cmd_options = (
        {
            "name": "output",
            "short": "o",
            "long": "output",
            "type": str,
            "default": _DEFAULT,
            "metavar": "FILE",
            "help": f"file to write [default: {_DEFAULT}]",
        },
    )

    def _execute(self, pos_args: list[str], output: str = _DEFAULT) -> int:
        if pos_args:
            raise InvalidCommand(f"'doit bugreport' takes no task ('{pos_args[0]}'): it is about the last build")
        files = contents(Path.cwd(), project_of(self.loader), by_name(self.task_list))
        path = Path(output)
        try:
            write_atomically(path, archive(files))
        except OSError as error:
            raise InvalidCommand(f"{path}: {error.strerror}; name another file with -o") from None
        for name, text in files.items():
            sys.stdout.write(f"  {len(text.encode()):>9,} bytes  {name}\n")
        sys.stdout.write(f"{path}: nothing was sent anywhere; look through it before you send it\n")
        return 0
