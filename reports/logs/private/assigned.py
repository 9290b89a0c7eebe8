"""Values behind a name that says that they are secret: `db_password=…`, `--token …`, "the password is '…'"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reports.logs.line_filter import small
from reports.logs.private.rule import HIDDEN, NOT_OURS, Rule, keeping

# All patterns with `_NAME` are matched with a line in small letters: where case is ignored, a search takes ten times as
# long, because it cannot skip to the first letters. A name that ends in "key" is looked at backwards (`_KEY`).
_PASSWORD = r"passw(?:or)?[dt]|passwd|passphrase|passcode|kennwort"  # noqa: S105
_NAME = rf"{_PASSWORD}|key|secret|token|credential|bearer|connection[_-]?string|sharedaccesssignature"
_SHORT = r"pass|pwd|pw|pat|dsn|sas|creds?|otp"
_KEY = re.compile(
    r"(?:api|app|access|account|auth|client|consumer|deploy|encryption|licen[cs]e|master|private|secret|service|shared|"
    r"signing|ssh|storage|subscription)[_-]?(?:access[_-]?)?key\Z"
)
_LONGEST_KEY = 40
#: They are the end of many words: what stands before them decides.
_PARTS = frozenset({"key", "pass", "pwd", "pw", "pat", "dsn", "sas", "cred", "creds", "otp"})
# `db_password=`, `"apiKey": `, `--token=`, `$env:DB_PASS = `; the end of the value is looked for by `_value_end`.
_ASSIGNED = re.compile(
    rf"(?P<name>{_NAME}|{_SHORT})s?(?:[_-]?(?:id|value|text|[0-9]{{1,3}}))?"
    rf"(?P<gap>\\?['\"]?\]?[ \t]{{0,5}}(?::=|=>|[:=])[ \t]{{0,5}})(?P<quote>\\?[\"']|){NOT_OURS}"
)
_FIRST_PART = re.compile(r"[\w.-]*")
_SHORT_NAME = re.compile(r"(?:pwd|pass|pw|pat|dsn|sas|creds?|otp|_key)$")
_PASSWORD_NAME = re.compile(rf"{_PASSWORD}|pass$|pwd$|pw$")
# A value with blanks ends where a message goes on: before a comma, a place in brackets, the next option.
_END_OF_PHRASE = re.compile(r"[,;\t]|\s[\[(]|\s-|\s\w+=|$")
_END_OF_WORD = re.compile(r"(?<!\\)[\s'\",;]|$")
_NOT_SECRET = re.compile(r"[/~.]|[A-Za-z]:[\\/]|\$|[0-9]+$|true$|false$|none$|null$", re.IGNORECASE)
# `password geheim1`, `--token abcdef`: the value of an option, or what is no word of a language.
_SPOKEN = re.compile(rf"(?P<name>{_NAME}|pass)(?P<gap>\s{{1,5}}(?:is |was )?['\"]?){NOT_OURS}(?=[^\s'\",;<-])")
_WORD = re.compile(r"[^\s'\",;]*")
_OPTION = re.compile(r"(?<![\w.-])-{1,2}[\w-]{0,40}\Z")
_STRANGE = re.compile(r"[0-9!$%^&*+=~_@]")


def _without_assigned(line: str) -> str:
    """Hide the values of names such as `db_password`; quoted, or to the end of the word or phrase."""
    if "=" not in line and ":" not in line:
        return line
    lower = small(line)
    pieces: list[str] = []
    done = 0
    for found in _ASSIGNED.finditer(lower):
        begin = found.end()
        start = _assigned_start(lower, found)
        if start is None or begin < done:
            continue
        end = _value_end(line, found, start)
        if end <= begin:
            continue
        if _SHORT_NAME.search(lower, start, found.end("name")) and _NOT_SECRET.match(line[begin:end]):
            continue
        pieces += (line[done:begin], HIDDEN)
        done = end
    return "".join((*pieces, line[done:])) if pieces else line


def _assigned_start(lower: str, found: re.Match[str]) -> int | None:
    """Return where a name begins; None for a part of another word, such as `compass` or `monkey`."""
    name, start = found["name"], found.start()
    if name not in _PARTS:
        return start
    before = lower[start - 1] if start else ""
    is_part = before in ("_", "-")
    directly = lower[found.end("name")] == "="
    if name == "key":
        whole = _key_start(lower, found.end("name"))
        return start if whole is None and is_part and directly else whole
    if name == "pass":
        is_name = is_part or (directly and not lower.endswith(("by", "com"), 0, start))
    elif name in ("pwd", "otp"):
        free = not (before.isalnum() or before in ("_", ".", "-"))
        is_name = (name == "pwd" and is_part) or (free and (name == "pwd" or directly))
    else:
        is_name = is_part
    return start if is_name else None


def _key_start(lower: str, end: int) -> int | None:
    """Return where the name of a key begins that ends at a place: `api_key`, not `monkey`."""
    begin = max(end - _LONGEST_KEY, 0)
    found = _KEY.search(lower[begin:end])
    return None if found is None else begin + found.start()


def _value_end(line: str, found: re.Match[str], start: int) -> int:
    begin, quote, gap = found.end(), found["quote"], found["gap"]
    # A name may have parts before the word that tells, such as those of `DB_ADMIN_PASSWORD`.
    window = line[max(start - 101, 0) : start][::-1]
    first = _FIRST_PART.match(window)
    before = window[first.end() if first else 0 :][:1]
    if not quote and before in ("'", '"') and not gap.startswith(before):
        quote = before  # '-e "DB_PASSWORD=two words"'
    if quote:
        end = line.find(quote, begin)
        while end > 0 and line[end - 1] == "\\" and not quote.startswith("\\"):
            end = line.find(quote, end + 1)
        return len(line) if end < 0 else end
    # `PASSWORD=two words` is a line of an environment, `password=word failed` a message.
    name = line[start : found.end("name")]
    phrase = (not gap.endswith("=") or name.isupper()) and _PASSWORD_NAME.search(small(name))
    ends = (_END_OF_PHRASE if phrase else _END_OF_WORD).search(line, begin + 1 if begin < len(line) else begin)
    return len(line) if ends is None else ends.start()


def _without_spoken(line: str) -> str:
    """Hide what is said of a secret, or given to an option."""
    pieces: list[str] = []
    done = 0
    for start, begin, quoted in _spoken(small(line)):
        value = _WORD.match(line, begin)
        if begin >= done and value is not None and (quoted or _is_secret(line, start, begin, value[0])):
            pieces += (line[done:begin], HIDDEN)
            done = value.end()
    return "".join((*pieces, line[done:])) if pieces else line


def _spoken(lower: str) -> Iterator[tuple[int, int, bool]]:
    """Return where names begin, where their values begin, and whether a value stands in quotes."""
    for found in _SPOKEN.finditer(lower):
        name, start = found["name"], found.start()
        if name == "key":
            whole = _key_start(lower, found.end("name"))
            if whole is None:
                continue
            start = whole
        elif name == "pass" and lower[start - 1 : start] != "-":
            continue
        yield start, found.end(), found["gap"][-1] in "'\""


def _is_secret(line: str, start: int, begin: int, value: str) -> bool:
    before = line[start - 1 : start] if start else ""
    whole = len(value) > 5 and not (before.isalnum() or before in (".", "_"))
    if whole and (_STRANGE.search(value) or small(line[start : start + 6]) == "bearer"):
        return True
    window = line[max(start - 44, 0) : start]
    return "-" in window and _OPTION.search(window) is not None


# `<password>…</password>` of a settings file that is printed.
_ELEMENT = re.compile(
    r"(?P<lead><(?:[\w-]{1,40}[:._-])?(?:password|passwd|passphrase|secret|token|api-?key|secret-?key|access-?token)>)"
    rf"{NOT_OURS}[^<]+(?=</)",
    re.IGNORECASE,
)


def _without_elements(line: str) -> str:
    return _ELEMENT.sub(keeping("lead"), line) if "</" in line else line


_WORDS = (
    "pass", "kennwort", "key", "secret", "token", "bearer", "pw", "cred", "ionstring", "ion_string",
)  # fmt: skip
RULES: tuple[Rule, ...] = (
    Rule(_without_elements, ("pass", "secret", "token", "key")),
    Rule(_without_assigned, _WORDS),
    Rule(_without_spoken, _WORDS),
)
