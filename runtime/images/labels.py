"""The labels of a folder of images: which file shows which class."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..bounded.lines import read_lines as lines_of
from ..errors import InputError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".npy")
_HEADERS = ({"file", "filename", "image", "path"}, {"label", "class", "index"})
MOST_BYTES = 64_000_000
MOST_LABELS = 250_000
"""Five times as many as ImageNet's validation set has. A line takes some 200 bytes of memory."""
_MOST_LINE_CHARACTERS = 10_000
_SHOWN = 5


@dataclass(frozen=True)
class LabelledImage:
    """An image, its name relative to the folder (with ``/``), and the number of the class that it shows."""

    path: Path
    name: str
    label: int


def labelled_images(folder: Path, labels_file: Path, names: Sequence[str], classes: int | None) -> list[LabelledImage]:
    """Every image of the folder with its label, in the order of the labels file.

    ``names`` are the names of the classes (may be empty), ``classes`` is their number if it is known. Images are the
    files ending in .png, .jpg, .jpeg or .npy, also in folders of the folder, except hidden ones. Raises one InputError
    for all mistakes of a kind: lines that cannot be understood, then files that are on one side only.
    """
    lines = read_lines(labels_file)
    numbers = _Names(names, classes)
    found = _images(folder)
    chosen: dict[str, tuple[int, int]] = {}
    mistakes = []
    for line, name, label in lines:
        key = str(PurePosixPath(name.replace("\\", "/")))
        if key in chosen:
            mistakes.append(f"line {line}: {name} was labelled in line {chosen[key][0]} already")
            continue
        try:
            chosen[key] = (line, numbers.number(label))
        except ValueError as error:
            chosen[key] = (line, 0)
            mistakes.append(f"line {line}: {error}")
    if mistakes:
        raise InputError(
            _list(mistakes, "; "),
            where=str(labels_file),
            remedy=f"give each file once, with {numbers.expected}",
        )
    missing = [f"{name} (line {line})" for name, (line, _) in chosen.items() if name not in found]
    unlabelled = [name for name in found if name not in chosen]
    parts = []
    if missing:
        parts.append(f"{len(missing)} labelled of {len(chosen)} are not there: {_list(missing)}")
    if unlabelled:
        parts.append(f"{len(unlabelled)} images of {len(found)} have no label: {_list(unlabelled)}")
    if parts:
        raise InputError(
            f"does not match the folder {folder}: {'; '.join(parts)}",
            where=str(labels_file),
            remedy="give the labels of exactly these images, with paths relative to the folder",
        )
    return [LabelledImage(found[name], name, label) for name, (_, label) in chosen.items()]


def read_lines(path: Path) -> list[tuple[int, str, str]]:
    """(line number, file name, label) of each line, both as text; UTF-8.

    A ``.csv`` has two columns and may begin with a line of their names. In any other file a tab separates the two, or,
    in a line without one, the first run of blanks; so a name with blanks needs a tab. Blank lines and lines that begin
    with ``#`` are skipped. Raises InputError, also for more than ``MOST_LABELS`` lines.
    """
    found: list[tuple[int, str, str]] = []
    is_csv = path.suffix.lower() == ".csv"
    for number, line in _numbered(path):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            fields = next(csv.reader([line], strict=True)) if is_csv else _split(line)
        except csv.Error as error:
            raise InputError(f"is no CSV ({error})", where=f"{path}:{number}", remedy="give: filename,label") from error
        fields = [field.strip() for field in fields]
        if len(fields) != 2 or not all(fields):
            raise InputError(
                f"{line.strip()!r:.80} is not a file and a label",
                where=f"{path}:{number}",
                remedy="give filename,label" if is_csv else "give the file name, a blank or a tab, and the label",
            )
        if is_csv and not found and all(f.lower() in known for f, known in zip(fields, _HEADERS, strict=True)):
            continue
        found.append((number, fields[0], fields[1]))
        if len(found) > MOST_LABELS:
            raise InputError(
                f"has more than {MOST_LABELS:,} labels", where=f"{path}:{number}", remedy="measure parts of the folder"
            )
    if not found:
        raise InputError("holds no labels", where=str(path), remedy="give lines of: filename label")
    return found


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    try:
        yield from enumerate(lines_of(path, most_bytes=MOST_BYTES, most_line_characters=_MOST_LINE_CHARACTERS), 1)
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", where=str(path), remedy="give lines of: filename label") from error
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="give a file of labels"
        ) from error


def _split(line: str) -> list[str]:
    return line.split("\t", 1) if "\t" in line.strip() else line.split(None, 1)


def _images(folder: Path) -> Mapping[str, Path]:
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "is not there"
        raise InputError(what, where=str(folder), remedy="give the folder of the images")
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if path.suffix.lower() in IMAGE_SUFFIXES and not hidden and path.is_file():
            found[name.as_posix()] = path
    if not found:
        raise InputError(
            f"holds no image ({', '.join(IMAGE_SUFFIXES)})", where=str(folder), remedy="give the folder of the images"
        )
    return found


def _list(items: Sequence[str], separator: str = ", ") -> str:
    more = f"{separator}and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return separator.join(items[:_SHOWN]) + more


class _Names:
    """Class numbers by name or number."""

    def __init__(self, names: Sequence[str], classes: int | None) -> None:
        self._classes = classes if classes is not None else len(names) or None
        self._by_name: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            self._by_name.setdefault(name.casefold(), []).append(number)
        highest = "a class number" if self._classes is None else f"a class number from 0 to {self._classes - 1}"
        self.expected = f"{highest} or the name of a class" if names else highest

    def number(self, label: str) -> int:
        """The class; ValueError says what is wrong with the label."""
        meanings = set(self._by_name.get(label.casefold(), ()))
        if label.isascii() and label.isdigit() and len(label) < 10:
            number = int(label)
            if self._classes is None or number < self._classes:
                meanings.add(number)
        if not meanings:
            raise ValueError(f"there is no class {label!r:.60}")
        if len(meanings) > 1:
            listed = " and ".join(str(number) for number in sorted(meanings))
            raise ValueError(f"{label!r:.60} may be class {listed}")
        return meanings.pop()
