"""Run a script on the stand-in once, and fork a child at each mistake, so the part before it runs only once.

The run (the trunk) evaluates the script command by command. Before a command with a mistake it forks. The child runs
the rest with the mistake, in the same folder, and ends like the tool. The test checks the folder, then the trunk restores
it. The trunk keeps copies of the files in memory, so the folder must be small.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from amd_forked import be_child
from amd_mutations import Mutation
from amd_stand_in.program import main
from amd_stand_in.tcl import OWN_FAULT, Interpreter


@dataclass
class Folder:
    """A snapshot of the files below a folder that can be restored."""

    place: Path
    _kept: dict[str, tuple[tuple[int, int], bytes]] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Take a snapshot; only changed files are read."""
        stamps, self._folders = self._scan()
        known = self._kept
        self._kept = {
            name: known[name] if name in known and known[name][0] == stamp else (stamp, Path(name).read_bytes())
            for name, stamp in stamps.items()
        }

    def restore(self) -> None:
        """Restore the files that have changed since."""
        stamps, folders = self._scan()
        for name in stamps:
            if name not in self._kept:
                Path(name).unlink()
        for name in sorted(folders - self._folders, reverse=True):
            Path(name).rmdir()
        for name in sorted(self._folders - folders):
            Path(name).mkdir()
        for name, (stamp, data) in self._kept.items():
            if stamps.get(name) != stamp:
                Path(name).write_bytes(data)
                os.utime(name, ns=(stamp[0], stamp[0]))

    def _scan(self) -> tuple[dict[str, tuple[int, int]], set[str]]:
        files: dict[str, tuple[int, int]] = {}
        folders: set[str] = set()
        queue = [str(self.place)]
        while queue:
            for entry in os.scandir(queue.pop()):
                if entry.is_dir(follow_symlinks=False):
                    folders.add(entry.path)
                    queue.append(entry.path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    files[entry.path] = (status.st_mtime_ns, status.st_size)
        return files, folders


def pieces(script: str, interpreter: Interpreter) -> Iterator[tuple[int, str]]:
    """First line (from 1) and text of each command at the top of a script."""
    begin, text = 1, ""
    for number, line in enumerate(script.splitlines(keepends=True), 1):
        text += line
        if int(interpreter.tk.call("info", "complete", text)) and not text.endswith("\\\n"):
            yield begin, text
            begin, text = number + 1, ""
    if text:
        yield begin, text


class Trunk:
    """A run that stops before each mistake. `folder` is where the tool runs; nothing else may write there meanwhile."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str], script: str) -> None:
        self.words, self.folder, self.environment, self.script = words, folder.resolve(), environment, script

    def ends(self, mutations: Sequence[Mutation]) -> Iterator[tuple[Mutation, list[str], int]]:
        """Yield each mistake with the tool's output and status. The folder stays as left until the next one."""
        report, told = os.pipe()
        heard, go_on = os.pipe()
        with tempfile.TemporaryFile() as output:
            sys.stdout.flush()
            trunk = os.fork()
            if trunk == 0:
                os.close(report)
                os.close(go_on)
                self._run(mutations, output.fileno(), told, heard)
            os.close(told)
            os.close(heard)
            with os.fdopen(report, encoding="ascii") as ended, os.fdopen(go_on, "wb", buffering=0) as after:
                for line in ended:
                    index, status = map(int, line.split())
                    yield mutations[index], self._printed(output.fileno()).splitlines(), status
                    after.write(b".")
            assert os.waitpid(trunk, 0)[1] == 0, self._printed(output.fileno())

    def _printed(self, output: int) -> str:
        """Read without the file object, because the trunk shares its position."""
        return os.pread(output, os.fstat(output).st_size, 0).decode("utf-8", "replace")

    def _run(self, mutations: Sequence[Mutation], output: int, told: int, heard: int) -> None:
        """The process of the trunk and those of its children; it never returns."""
        program = Path(self.words[0])
        trunk, real = os.getpid(), Interpreter.run

        def run(interpreter: Interpreter, script: Path) -> str | None:
            if script.name != self.script:
                return real(interpreter, script)
            return self._step(interpreter, script.read_text(), mutations, output, told, heard)

        status = OWN_FAULT
        try:
            be_child(output, self.words, self.folder, self.environment)
            Interpreter.run = run  # type: ignore[method-assign]
            status = main(program.name, program.parents[1].name, str(program.parents[3]))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status if os.getpid() != trunk else OWN_FAULT)

    def _step(
        self, interpreter: Interpreter, text: str, mutations: Sequence[Mutation], output: int, told: int, heard: int
    ) -> str | None:
        console, folder = interpreter.console, Folder(self.folder)
        waiting = sorted(range(len(mutations)), key=lambda index: mutations[index].line)
        offset = 0
        for begin, piece in list(pieces(text, interpreter)):
            end = begin + piece.count("\n") + (not piece.endswith("\n"))
            console.flush()
            if waiting and mutations[waiting[0]].line < end:
                folder.look()
            while waiting and mutations[waiting[0]].line < end:
                index = waiting.pop(0)
                files = [output, *console.files()]
                places = [os.lseek(file, 0, os.SEEK_CUR) for file in files]
                child = os.fork()
                if child == 0:
                    return interpreter.evaluate(mutations[index].apply(text)[offset:])
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                os.write(told, f"{index} {status}\n".encode("ascii"))
                if not os.read(heard, 1):
                    os._exit(0)  # the test has seen enough
                for file, place in zip(files, places, strict=True):
                    os.ftruncate(file, place)
                    os.lseek(file, place, os.SEEK_SET)
                folder.restore()
            if not waiting:
                os._exit(0)
            failed = interpreter.evaluate(piece)
            if failed is not None:
                raise AssertionError(failed)
            offset += len(piece)
        raise AssertionError("mistakes behind the end of the script")
