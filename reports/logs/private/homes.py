"""Folders of users: where they end in a path, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from reports.logs.private.rule import HOME, NOT_OURS, Rule, replacing, words

# A path from the root, also behind an option (-I/home/…); not the slashes within a netlist's names.
PATH = re.compile(r"(?:(?<![\w>./\\])|(?<=-[ILDo]))(?:[A-Za-z]:)?[/\\][^\s\"'`:;,=()\[\]{}<>|&*]+")
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


def _without_home(found: re.Match[str]) -> str:
    parts = _parts(found[0])
    end = _home_end(parts)
    return found[0] if end is None else HOME + "".join(parts[end[0] + 1 :])


def owners(line: str) -> Iterator[str]:
    """Return the users whose folders a line names."""
    for path in PATH.finditer(line):
        end = _home_end(_parts(path[0]))
        if end is not None:
            yield end[1]


IN_PATHS = replacing(PATH, _without_home, *_WORDS, look=_LOOK)
RULES: tuple[Rule, ...] = (_WINDOWS, IN_PATHS, _TILDE, _RUN, _MAIL)
