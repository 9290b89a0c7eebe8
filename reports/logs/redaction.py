"""What a farm stores or shows of a log, without what is nobody else's business.

Logs of the tools dump the environment (`link.steps.log`), name the user and the host, and print full paths. Redacted
are: values of variables that hold secrets or describe the session, licence servers (`port@host`), addresses and host
names, tokens and passwords, users and the folders of users. A user or host that a text names in one place is hidden in
all of it. What explains a failure stays: codes, file names and lines (`<home>/prj/top.v:25`), versions, numbers.
Redacting twice changes nothing.

This is a filter for the habits of tools, not a proof: a secret that looks like a word stays a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from reports.logs.line_filter import Line, lines_matching, lines_with

HOME = "<home>"
HIDDEN = "<redacted>"

_SECRET_NAMES = re.compile(
    r"LICEN[CS]E|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE|COOKIE|SESSION|AUTH|SSH_|KRB5|"
    r"GPG|MAIL|TMUX|DBUS|DISPLAY|PROXY|ASKPASS|SLURM_|LSB_|SGE_|PBS_|_HEADER",
    re.IGNORECASE,
)
_PERSON_NAMES = frozenset({"USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME", "HOST", "XAUTHLOCALHOSTNAME"})
_VARIABLE = re.compile(r"(?P<lead>\s{0,20}(?:export |setenv )?)(?P<name>[A-Za-z_][A-Za-z0-9_]{0,100})=(?P<value>.*)")
_KEY_VALUE = re.compile(
    r"(?P<name>(?:api|access|secret|private|auth|license|licence)[_-]?key|password|passwd|passphrase|secret|token|bearer)"
    r"(?P<gap>['\"]?\s{0,5}[:=]\s{0,5}['\"]?|\s{1,5})(?P<value>[^\s'\",;<][^\s'\",;]{5,400})",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}|glpat-[\w-]{15,100}|xox[abprs]-[\w-]{10,200}|"
    r"AKIA[0-9A-Z]{16}|sk-[\w-]{20,200}|eyJ[\w-]{10,2000}\.[\w-]{10,2000}\.[\w-]{5,2000})"
)
_URL_LOGIN = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{1,20}://)[^/\s@<]{1,200}@")
_LICENCE_SERVER = re.compile(r"\b[0-9]{2,5}@[A-Za-z0-9][A-Za-z0-9._-]{0,253}")
_EMAIL = re.compile(r"\b[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}\.[A-Za-z]{2,24}\b")
_IPV4 = re.compile(r"(?<![\w.-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w-]|\.[0-9])(?::[0-9]{1,5}\b)?")
_IPV6 = re.compile(r"(?<![\w:.])(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|fe80::[0-9a-fA-F:]{1,40})(?![\w:.])")
_USER_ON_HOST = re.compile(r"(?P<lead>[Ff]or user )'(?P<user>[^']{1,100})' on host '(?P<host>[^']{1,200})'")
_HEAD_HOST = re.compile(r"(?P<lead>^[#| ]{0,5}(?:Host|Running On|Hostname|Host Name)\s{0,20}: ?)(?!<)\S.*")
_LICENCE_LINE = re.compile(
    r"(?P<lead>(?:License|Licence|Feature) (?:server|path|file)s?\s{0,5}[:=] ?)(?!<)\S.*", re.IGNORECASE
)
# A path from the root, also behind an option (-I/home/…); not the slashes within a netlist's names.
_PATH = re.compile(r"(?:(?<![\w>.])|(?<=-[ILDo]))(?:[A-Za-z]:)?[/\\][^\s\"'`:;,=()\[\]{}<>|&*]+")
_SEPARATORS = re.compile(r"([/\\]+)")
_HOME_PART = re.compile(r"\w{0,30}homes?[0-9]{0,3}|users|\w{0,20}scratch", re.IGNORECASE)
_DESK_PARTS = frozenset({"Desktop", "Documents", "Downloads"})
_TEMPORARY_USER = re.compile(r"(?P<lead>/run/user/)[0-9]{1,7}(?=/|$)")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")

_COMMON = frozenset(
    {
        "root",
        "admin",
        "administrator",
        "user",
        "users",
        "ubuntu",
        "centos",
        "debian",
        "work",
        "build",
        "vivado",
        "vitis",
        "xilinx",
        "tools",
        "tool",
        "home",
        "public",
        "default",
        "guest",
        "runner",
        "jenkins",
        "localhost",
        "test",
        "tests",
        "project",
        "projects",
        "scripts",
        "data",
        "desktop",
        "documents",
        "downloads",
    }
)
"""Names of accounts that are words too: hidden where they stand as a user, and nowhere else."""


Rules = tuple[int, ...]


def suspicious_lines(text: str) -> dict[Line, Rules | None]:
    """Return the lines in which a rule may find something, in their order, with the rules to try; None: all of them.

    A log has 100 MB, and a few lines of it are private: looking for the rules' small words in all of the text at once
    takes less than looking for them in each line. Rules whose words are in most lines have a pattern for that.
    """
    lower = text.lower()
    if len(lower) != len(text):  # a letter whose small form is two: places in the one are none in the other
        return dict.fromkeys(lines_with(text, ("",)))
    found: dict[Line, Rules] = {
        line: (_PRIVATE_VARIABLE,) for line in lines_with(text, ("=",)) if _is_private_variable(text[line[0] : line[1]])
    }
    for at, (pattern, _, words) in enumerate(_RULES):
        lines = lines_matching(text, _FOUR_NUMBERS) if pattern is _IPV4 else lines_with(lower, words)
        for line in lines:
            if pattern is not _IPV6 or _IPV6_PARTS.search(text, *line):
                found[line] = (*found.get(line, ()), at)
    return dict(sorted(found.items()))


def _is_private_variable(line: str) -> bool:
    variable = _VARIABLE.fullmatch(line)
    return variable is not None and bool(
        _SECRET_NAMES.search(variable["name"]) or variable["name"].upper() in _PERSON_NAMES
    )


def redact_line(line: str) -> str:
    """Return one line without what is private."""
    lower = line.lower()
    return _apply(line, (at for at, (_, _, parts) in enumerate(_RULES) if any(part in lower for part in parts)))


def _apply(line: str, rules: Iterable[int]) -> str:
    variable = _VARIABLE.fullmatch(line) if "=" in line else None
    if variable:
        name = variable["name"]
        if variable["value"] and (_SECRET_NAMES.search(name) or name.upper() in _PERSON_NAMES):
            return f"{variable['lead']}{name}={HIDDEN}"
    for at in rules:
        if at != _PRIVATE_VARIABLE:
            pattern, replacement, _ = _RULES[at]
            line = pattern.sub(replacement, line)
    return line


def redact(text: str, words: Iterable[str] = ()) -> str:
    """Return a text without what is private, line by line; a private key is left out whole.

    Hidden everywhere are also `words` (this machine's name, say) and the users and hosts that the text itself names.
    """
    suspicious = suspicious_lines(text)
    everywhere = _any_of(_names_in(text, suspicious) | {word for word in words if word})
    if "-----BEGIN" not in text:
        return _clean(text, suspicious, everywhere)
    parts = _without_keys(text)
    return "\n".join(
        "<redacted private key>" if part is None else _clean(part, suspicious_lines(part), everywhere) for part in parts
    )


def _clean(text: str, suspicious: Mapping[Line, Rules | None], everywhere: Everywhere | None) -> str:
    lines = (
        (line, redact_line(text[line[0] : line[1]]) if rules is None else _apply(text[line[0] : line[1]], rules))
        for line, rules in suspicious.items()
    )
    clean = _with_lines(text, lines)
    if everywhere is None:
        return clean
    pattern, words = everywhere
    return _with_lines(
        clean, ((line, pattern.sub(HIDDEN, clean[line[0] : line[1]])) for line in lines_with(clean, words))
    )


def _without_keys(text: str) -> Iterator[str | None]:
    """Return the parts of a text before, between and behind private keys, and None for each key."""
    part: list[str] = []
    in_key = False
    for line in text.split("\n"):
        if in_key:
            in_key = not line.startswith("-----END")
        elif "-----BEGIN" in line and _PRIVATE_KEY.search(line):
            if part:
                yield "\n".join(part)
            part, in_key = [], True
            yield None
        else:
            part.append(line)
    if part:
        yield "\n".join(part)


def _with_lines(text: str, lines: Iterable[tuple[Line, str]]) -> str:
    """Return a text with other words in some of its lines."""
    pieces: list[str] = []
    done = 0
    for (begin, end), line in lines:
        pieces += (text[done:begin], line)
        done = end
    return "".join((*pieces, text[done:])) if pieces else text


def redact_part(text: str, log: str) -> str:
    """Return a part of a log without what is private: also the users and hosts that the rest of the log names.

    The folder of the user who runs this is hidden wherever it lies; other users' folders are known by their place.
    """
    home = Path.home()
    if len(home.parts) > 2:
        text = re.sub(rf"{re.escape(str(home))}(?![\w.-])", HOME, text)
    return redact(text, () if text == log else _names_of_log(log))


def _names_in(text: str, suspicious: Mapping[Line, Rules | None]) -> frozenset[str]:
    """Return the users and hosts that a text names in lines of which that is possible."""
    lines = (line for line, rules in suspicious.items() if rules is None or _NAMING.intersection(rules))
    return frozenset(word for begin, end in lines for word in _names(text[begin:end]))


@lru_cache(maxsize=1)
def _names_of_log(log: str) -> frozenset[str]:
    """The names in a whole log: a failure quotes several lines of it, and each is redacted by all of it."""
    return _names_in(log, suspicious_lines(log))


Everywhere = tuple[re.Pattern[str], tuple[str, ...]]


def _any_of(words: set[str] | frozenset[str]) -> Everywhere | None:
    """Return a pattern for the words as wholes, and them; those of every log, and short ones, are left out."""
    rare = sorted((word for word in words if len(word) > 3 and word.lower() not in _COMMON), key=len, reverse=True)
    if not rare:
        return None
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, rare))})(?![A-Za-z0-9])"), tuple(rare)


def _names(line: str) -> Iterable[str]:
    """Return the users and hosts that a line names: in a variable, in HLS' greeting, in a path."""
    variable = _VARIABLE.fullmatch(line) if "=" in line else None
    if variable and variable["name"].upper() in _PERSON_NAMES and HIDDEN not in variable["value"]:
        yield variable["value"].strip()
    if "on host" in line:
        for found in _USER_ON_HOST.finditer(line):
            yield from (name for name in (found["user"], found["host"]) if name != HIDDEN)
    if _may_have_home(line.lower()):
        for path in _PATH.finditer(line):
            end = _home_end(_SEPARATORS.split(path[0]))
            if end is not None:
                yield end[1]


def _may_have_home(lower: str) -> bool:
    return ("/" in lower or "\\" in lower) and any(part in lower for part in _HOME_WORDS)


def _home_end(parts: list[str]) -> tuple[int, str] | None:
    """Return where the folder of a user ends in the parts of a path (names at even places), and the user.

    `/home/u`, `/home1/e/ese532` (sorted by a letter), `/home/DOMAIN/u`, `/auto/homes/u`, `/mnt/x/seas_home/a/u`,
    `/scratch/users/u`, `C:/Users/u`; and what stands before a Desktop or Documents: `/mnt/tmp/u/Desktop`.
    """
    names = range(0, len(parts), 2)
    for at in names:
        if not _HOME_PART.fullmatch(parts[at]):
            continue
        user = at + 2
        # At most a domain, a letter and `users` stand in between.
        while user + 2 < len(parts) and user < at + 8 and _is_sorting(parts[user]):
            user += 2
        if user < len(parts) and parts[user] and parts[user] not in ("Public", "Default", ".", ".."):
            return user, parts[user]
    for at in names:
        if parts[at] in _DESK_PARTS and at >= 4 and parts[at - 2]:
            return at - 2, parts[at - 2]
    return None


def _is_sorting(part: str) -> bool:
    """Tell whether a folder sorts users: `users`, one letter, or a domain in capitals."""
    return len(part) == 1 or part.lower() == "users" or (part.isalpha() and part.isupper())


def _without_home(found: re.Match[str]) -> str:
    parts = _SEPARATORS.split(found[0])
    end = _home_end(parts)
    return found[0] if end is None else HOME + "".join(parts[end[0] + 1 :])


def _keep(*names: str) -> Callable[[re.Match[str]], str]:
    """Return a replacement that keeps the named groups and hides the rest."""
    return lambda found: "".join(found[name] or "" for name in names) + HIDDEN


def _address(found: re.Match[str]) -> str:
    """Hide an address; leave a version of four numbers (`Flex 11.17.2.0`) and the number of a phase or a section."""
    numbers = [int(part) for part in found[0].partition(":")[0].split(".")]
    before = found.string[max(found.start() - 10, 0) : found.start()].strip().lower()
    is_version = before.endswith(("version", "flex", "release", "build", "revision", "phase", "section", "step"))
    is_heading = not before and found.start() == 0 and numbers[0] < 10 and max(numbers) < 100
    return found[0] if is_version or is_heading or max(numbers) > 255 else "<address>"


_Replacement = Callable[[re.Match[str]], str]

_TOKEN_WORDS = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat", "glpat-", "xox", "akia", "sk-", "eyj")
_HOME_WORDS = ("home", "user", "scratch", "desktop", "documents", "downloads")
_IPV6_WORDS = ("::", ":0:", ":0000:", ":db8:", ":fe")
# The parts are small words of which a line must hold one before its pattern is tried: a log has 100 MB.
_RULES: tuple[tuple[re.Pattern[str], _Replacement, tuple[str, ...]], ...] = (
    (_URL_LOGIN, lambda found: f"{found['scheme']}{HIDDEN}@", ("://",)),
    (_LICENCE_SERVER, lambda _: "<licence server>", ("@",)),
    (_EMAIL, lambda _: "<address>", ("@",)),
    (_TOKEN, lambda _: "<token>", _TOKEN_WORDS),
    (_KEY_VALUE, _keep("name", "gap"), ("key", "passw", "passphrase", "secret", "token", "bearer")),
    (_USER_ON_HOST, lambda found: f"{found['lead']}'{HIDDEN}' on host '{HIDDEN}'", (" on host ",)),
    (_HEAD_HOST, _keep("lead"), ("host", "running on")),
    (_LICENCE_LINE, _keep("lead"), ("license ", "licence ", "feature ")),
    (_IPV4, _address, (".",)),
    (_IPV6, lambda _: "<address>", _IPV6_WORDS),
    (_PATH, _without_home, _HOME_WORDS),
    (_TEMPORARY_USER, lambda found: f"{found['lead']}<user>", ("/run/user/",)),
)
_FOUR_NUMBERS = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
"""What every address of `_IPV4` has in it; a full stop alone is in most lines."""
_IPV6_PARTS = re.compile(r"fe80::|(?:[0-9a-fA-F]{1,4}:){7}")
"""The same of `_IPV6`: `::` and `:0:` are in many lines."""
_PRIVATE_VARIABLE = -1
"""Stands among the rules of a line that may be a variable with a private value."""
_NAMING = frozenset({_PRIVATE_VARIABLE, *(at for at, rule in enumerate(_RULES) if rule[0] in (_USER_ON_HOST, _PATH))})
"""Rules by whose words a line may name a user or a host."""
