"""Folders of users: where they end in a path, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from reports.logs.private.rule import HOME, NOT_OURS, Rule, replacing, words

# A path from the root, also behind an option (-I/home/…); not the slashes within a netlist's names.
# It is looked for by its first slash, because a search skips to that.
_NO_PATH = r"\s\"'`:;,=()\[\]{}<>|&*"
_REST = re.compile(rf"[/\\](?:(?<![\w>./\\][/\\])|(?<=-[ILDo][/\\]))[^{_NO_PATH}]+")
_DRIVE = re.compile(r"(?:(?<![\w>./\\])|(?<=-[ILDo]))[A-Za-z]:\Z")
_AT_ROOT = re.compile(r"(?:[A-Za-z]:)?[/\\]+(?:home|Users)[/\\]+([^/\\]+)")
_LONGEST_KEPT = 300
_SEPARATORS = re.compile(r"([/\\]+)")
_HOME_PART = re.compile(
    r"\w{0,30}homes?[0-9]{0,3}|(?:\w{0,20}_)?users|users?[0-9]{0,3}|\w{0,20}scratch[0-9]{0,3}|people|staff|students?|"
    r"Documents and Settings",
    re.IGNORECASE,
)
#: Words that such a part has in it, or that stand in a user's folder.
_WORDS = ("home", "user", "scratch", "desktop", "documents", "downloads")
_LOOK = re.compile(r"/(?:(?:people|staff|students?|u)/|\.[A-Za-z])")
_NEVER = frozenset({"Public", "Default", "All Users", ".", "..", "lib", "bin", "include", "share"})
#: They stand in a user's folder.
_INSIDE = words(
    "Desktop Documents Downloads AppData .ssh .Xilinx .bashrc .bash_profile .profile .netrc .aws .docker "
    ".kube .gnupg .vivado .Xauthority .vnc .pki .m2"
)
# The name of a person may have blanks there.
_WINDOWS = replacing(
    r"(?<![\w])[A-Za-z]:[/\\]{1,4}(?:Users|Documents and Settings)[/\\]{1,4}(?!Public\b|Default\b|All Users\b)"
    rf"{NOT_OURS}[^/\\:*?\"'<>|\t]{{1,60}}(?=[/\\])",
    HOME,
    "users",
    "documents and settings",
)
_TILDE = replacing(r"(?<![\w/~.=\\)\]!])~(?!<)[A-Za-z_][\w.-]{0,31}(?=/)", HOME, "~")
_MAIL = replacing(r"(?P<lead>/var/(?:spool/)?mail/)(?!<)[\w.-]+", lambda found: f"{found['lead']}<user>", "mail/")
_RUN = replacing(r"(?P<lead>/run/user/)[0-9]{1,7}(?=/|$)", lambda found: f"{found['lead']}<user>", "/run/user/")


def _parts(path: str) -> list[str]:
    """Return the names of a path and what separates them; what is far from its root stays in one part."""
    return _SEPARATORS.split(path, maxsplit=20)


def _home_end(parts: list[str]) -> tuple[int, str] | None:
    """Return where the folder of a user ends in the parts of a path (names at even places), and the user.

    `/home/u`, `/home1/e/ese532` (sorted by a letter), `/home/DOMAIN/u`, `/auto/homes/u`, `/mnt/x/seas_home/a/u`,
    `/scratch/users/u`, `/afs/site/user/u/uwe`, `/u/uwe`, `C:/Users/u`; and what stands before a Desktop or a .ssh:
    `/mnt/tmp/u/Desktop`.
    """
    names = range(0, len(parts), 2)
    for at in names:
        if not _is_of_users(parts, at):
            continue
        user = at + 2
        # At most a domain, a letter and `users` stand in between.
        while user + 2 < len(parts) and user < at + 8 and _is_sorting(parts[user]):
            user += 2
        if user < len(parts) and parts[user] and parts[user] not in _NEVER:
            return user, parts[user]
    for at in names:
        if parts[at] in _INSIDE and at >= 4 and parts[at - 2]:
            return at - 2, parts[at - 2]
    return None


def _is_of_users(parts: list[str], at: int) -> bool:
    """Tell whether a folder holds those of users; `user` and `u` may also be a design's, deeper in a path."""
    name = parts[at]
    if not _may_hold_users(name):
        return name == "u" and at == 2
    if name.lower() in ("user", "people", "staff", "student", "students"):
        return at == 2 or (at + 2 < len(parts) and len(parts[at + 2]) == 1)
    return True


@lru_cache(maxsize=4096)
def _may_hold_users(name: str) -> bool:
    return _HOME_PART.fullmatch(name) is not None


def _is_sorting(part: str) -> bool:
    """Tell whether a folder sorts users: `users`, one letter, or a domain in capitals."""
    return len(part) == 1 or part.lower() == "users" or (part.isalpha() and part.isupper())


def _paths(line: str) -> Iterator[tuple[int, int]]:
    """Return where paths begin and end in a line."""
    end = 0
    for found in _REST.finditer(line):
        begin = found.start()
        if begin - 2 >= end and line[begin - 1] == ":" and _DRIVE.match(line, begin - 2, begin):
            begin -= 2
        end = found.end()
        yield begin, end


def _home_in(path: str) -> tuple[int, str] | None:
    """Return how long the folder of a user is that a path begins with, and the user. Logs repeat their paths."""
    return _kept(path) if len(path) < _LONGEST_KEPT else _looked_up(path)


def _looked_up(path: str) -> tuple[int, str] | None:
    simple = _AT_ROOT.match(path)
    if simple is not None and simple[1] not in _NEVER and not _is_sorting(simple[1]):
        return simple.end(), simple[1]
    parts = _parts(path)
    end = _home_end(parts)
    return None if end is None else (sum(map(len, parts[: end[0] + 1])), end[1])


_kept = lru_cache(maxsize=8192)(_looked_up)


def _without_homes(line: str) -> str:
    pieces: list[str] = []
    done = 0
    for begin, end in _paths(line):
        home = _home_in(line[begin:end])
        if home is not None:
            pieces += (line[done:begin], HOME)
            done = begin + home[0]
    return "".join((*pieces, line[done:])) if pieces else line


def owners(line: str) -> Iterator[str]:
    """Return the users whose folders a line names."""
    for begin, end in _paths(line):
        home = _home_in(line[begin:end])
        if home is not None:
            yield home[1]


# The same for many lines at once: what follows a part that holds users, behind parts that sort them.
_OWNER = re.compile(
    rf"[/\\](?i:{_HOME_PART.pattern}|u)[/\\]+(?:(?:\w|[Uu]sers|[A-Z]{{1,20}})[/\\]+){{0,3}}([^/\\{_NO_PATH}]+)"
    rf"|([^/\\{_NO_PATH}]{{1,64}})[/\\]+(?:{'|'.join(map(re.escape, sorted(_INSIDE)))})(?![\w.-])"
)


def possible_owners(text: str) -> set[str]:
    """Return the users whose folders a text may name: more than `owners`, in a tenth of the time."""
    return {name for found in _OWNER.findall(text) for name in found if name and name not in _NEVER}


IN_PATHS = Rule(_without_homes, _WORDS, (_LOOK,))
RULES: tuple[Rule, ...] = (_WINDOWS, IN_PATHS, _TILDE, _RUN, _MAIL)
