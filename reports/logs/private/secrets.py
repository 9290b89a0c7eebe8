"""Passwords and keys, known by the name or the option that stands before them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import lru_cache

from reports.logs.private.rule import HIDDEN, NOT_OURS, Rule, keeping, replacing

_SECRET_VARIABLES = re.compile(
    r"LICEN[CS]E|TOKEN|SECRET|PASSW|PASSPHRASE|PASSCODE|KENNWORT|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE|COOKIE|SESSION|"
    r"AUTH|SSH_|KRB5|GPG|MAIL|TMUX|DBUS|DISPLAY|PROXY|ASKPASS|SLURM_|LSB_|SGE_|PBS_|_HEADER|CONNECTION_?STRING|WEBHOOK|"
    r"(?:_|^)(?:PASS|PW|PAT|DSN|SAS|CREDS?|OTP)$|_(?:PWD|KEY|LOGIN)$|(?<!BY)(?<!COM)(?<!SUR)PASS$"
)
_PERSON_VARIABLES = frozenset({"USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME", "HOST", "XAUTHLOCALHOSTNAME"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
# What may stand before the name: export A=b, the trace + A=b of a shell, declare -x A="b", setenv A b.
_BEFORE_NAME = re.compile(
    r"\s{0,20}(?:[A-Z]{3,20}: ?)?(?:\+{1,5} )?(?:(?:export|env|declare -x|typeset -x|set|setenv|SET|ENV|ARG) )?",
    re.ASCII,
)
_SETENV = re.compile(r"\s{0,20}(?:[A-Z]{3,20}: ?)?setenv [A-Za-z_][A-Za-z0-9_]{0,100}(?= )")


def private_variable(line: str) -> tuple[str, str, bool] | None:
    """Return what stands before the value if a line sets a private variable, the value, and whether it is a name.

    The line is one of a dumped environment, of a script or of the trace of one.
    """
    setenv = _SETENV.match(line) if "setenv " in line else None
    end = setenv.end() if setenv is not None else line.find("=")
    if end <= 0:
        return None
    begin = line.rfind(" ", 0, end) + 1 or len(line) - len(line.lstrip())
    name, value = line[begin:end], line[end + 1 :]
    if not value or not _is_private_name(name) or not _BEFORE_NAME.fullmatch(line, 0, begin):
        return None
    return line[: end + 1], value, name.upper() in _PERSON_VARIABLES


@lru_cache(maxsize=4096)
def _is_private_name(name: str) -> bool:
    if _NAME.fullmatch(name) is None:
        return False
    return name.upper() in _PERSON_VARIABLES or _SECRET_VARIABLES.search(name.upper()) is not None


_PASSWORD = r"passw(?:or)?[dt]|passwd|passphrase|passcode|kennwort"  # noqa: S105
_KEY = (
    r"(?:api|app|access|account|auth|client|consumer|deploy|encryption|licen[cs]e|master|private|secret|service|shared|"
    r"signing|ssh|storage|subscription)[_-]?(?:access[_-]?)?key"
)
_SECRET = rf"{_PASSWORD}|{_KEY}|secret|token|credential|bearer|connection[_-]?string|sharedaccesssignature"
_SHORT = r"(?<=[_-])(?:pass|pwd|pw|pat|dsn|sas|creds?|key(?==))|(?<![\w.-])(?:pwd|otp(?==))|(?<!by)(?<!com)pass(?==)"
# `db_password=`, `"apiKey": `, `--token=`, `$env:DB_PASS = `; the end of the value is looked for by `_value_end`.
_ASSIGNED = re.compile(
    rf"(?P<name>{_SECRET}|{_SHORT})s?(?:[_-]?(?:id|value|text|[0-9]{{1,3}}))?"
    rf"(?P<gap>\\?['\"]?\]?[ \t]{{0,5}}(?::=|=>|[:=])[ \t]{{0,5}})(?P<quote>\\?[\"']|){NOT_OURS}",
    re.IGNORECASE,
)
_FIRST_PART = re.compile(r"[\w.-]{0,100}\Z")
_SHORT_NAME = re.compile(r"(?:pwd|pass|pw|pat|dsn|sas|creds?|otp|_key)$", re.IGNORECASE)
_PASSWORD_NAME = re.compile(rf"{_PASSWORD}|pass$|pwd$|pw$", re.IGNORECASE)
# A value with blanks ends where a message goes on: before a comma, a place in brackets, the next option.
_END_OF_PHRASE = re.compile(r"[,;\t]|\s[\[(]|\s-|\s\w+=|$")
_END_OF_WORD = re.compile(r"(?<!\\)[\s'\",;]|$")
_NOT_SECRET = re.compile(r"[/~.]|[A-Za-z]:[\\/]|\$|[0-9]+$|true$|false$|none$|null$", re.IGNORECASE)


_NAMES = (
    "pass", "kennwort", "key", "secret", "token", "bearer", "pw", "cred", "ionstring", "ion_string",
)  # fmt: skip
_BEFORE, _AFTER = 40, 100


def _matches(pattern: re.Pattern[str], line: str) -> Iterator[re.Match[str]]:
    """Return the matches of a pattern near the words of `_NAMES`: lines of some tools have a megabyte."""
    lower = line.replace("\u0130", "i").lower()
    places = []
    for name in _NAMES:
        at = lower.find(name)
        while at >= 0:
            places.append(at)
            at = lower.find(name, at + _BEFORE)
    begin = end = 0
    for at in sorted(places):
        if at - _BEFORE > end:
            yield from pattern.finditer(line, begin, end)
            begin = at - _BEFORE
        end = at + _AFTER
    yield from pattern.finditer(line, begin, end)


def _without_assigned(line: str) -> str:
    """Hide the values of names such as `db_password`; quoted, or to the end of the word or phrase."""
    pieces: list[str] = []
    done = 0
    for found in _matches(_ASSIGNED, line):
        begin = found.end()
        if begin < done:
            continue
        end = _value_end(line, found)
        short = _SHORT_NAME.search(found["name"])
        if end <= begin or (short and _NOT_SECRET.match(line[begin:end])):
            continue
        pieces += (line[done:begin], HIDDEN)
        done = end
    return "".join((*pieces, line[done:])) if pieces else line


def _value_end(line: str, found: re.Match[str]) -> int:
    begin, quote, gap = found.end(), found["quote"], found["gap"]
    # A name may have parts before the word that tells, such as those of `DB_ADMIN_PASSWORD`.
    window = line[max(found.start() - 101, 0) : found.start()]
    first = _FIRST_PART.search(window)
    before = window[: first.start() if first else None][-1:]
    if not quote and before in ("'", '"') and not gap.startswith(before):
        quote = before  # '-e "DB_PASSWORD=two words"'
    if quote:
        end = line.find(quote, begin)
        while end > 0 and line[end - 1] == "\\" and not quote.startswith("\\"):
            end = line.find(quote, end + 1)
        return len(line) if end < 0 else end
    # `PASSWORD=two words` is a line of an environment, `password=word failed` a message.
    phrase = (not gap.endswith("=") or found["name"].isupper()) and _PASSWORD_NAME.search(found["name"])
    ends = (_END_OF_PHRASE if phrase else _END_OF_WORD).search(line, begin + 1 if begin < len(line) else begin)
    return len(line) if ends is None else ends.start()


# `password geheim1`, `--token abcdef`: the value of an option, or what is no word of a language.
_SPOKEN = re.compile(
    rf"(?P<name>{_SECRET}|(?<=-)pass)(?P<gap>\s{{1,5}}(?:is |was )?['\"]?){NOT_OURS}(?=[^\s'\",;<-])", re.IGNORECASE
)
_WORD = re.compile(r"[^\s'\",;]*")
_OPTION = re.compile(r"(?<![\w.-])-{1,2}[\w-]{0,40}\Z")
_STRANGE = re.compile(r"[0-9!$%^&*+=~_@]")


def _without_spoken(line: str) -> str:
    pieces: list[str] = []
    done = 0
    for found in _matches(_SPOKEN, line):
        value = _WORD.match(line, found.end())
        if found.end() >= done and value is not None and _is_secret(found, value[0]):
            pieces += (line[done : found.end()], HIDDEN)
            done = value.end()
    return "".join((*pieces, line[done:])) if pieces else line


def _is_secret(found: re.Match[str], value: str) -> bool:
    if found["gap"][-1] in "'\"":
        return True
    line, begin = found.string, found.start()
    before = line[begin - 1 : begin] if begin else ""
    whole = len(value) > 5 and not (before.isalnum() or before in (".", "_"))
    if whole and (found["name"].lower() == "bearer" or _STRANGE.search(value)):
        return True
    return _OPTION.search(line[max(begin - 44, 0) : begin]) is not None


_SCHEME = r"(?:basic|bearer|digest|token|negotiate|ntlm|apikey|aws4-hmac-sha256)\s{1,5}"
_HEADER = re.compile(
    r"(?P<lead>(?<![\w-])(?:(?:proxy-)?authorization|x-[\w-]{0,40}(?:token|key|auth|secret)[\w-]{0,20}|(?:set-)?cookie|"
    r"(?:private|job|deploy)-token|api-key)['\"]?\s{0,5}[:=]\s{0,5}['\"]?"
    rf"(?:{_SCHEME})?)(?!(?:{_SCHEME})?<){NOT_OURS}[^\s'\"][^'\"]*",
    re.IGNORECASE,
)
_BASIC = re.compile(r"(?P<lead>\bbasic\s{1,5})(?P<value>[A-Za-z0-9+/]{4,}={0,2})", re.IGNORECASE | re.ASCII)


def _basic(found: re.Match[str]) -> str:
    """Hide what decodes to `user:password`: "Basic settings" is left."""
    value = found["value"][:400]
    try:
        decoded = base64.b64decode(value[: len(value) // 4 * 4])
    except binascii.Error:
        return found[0]
    return found["lead"] + HIDDEN if b":" in decoded else found[0]


_VALUE = r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"]+)"
# curl -u user:password, also among other short options and without a blank.
_CURL = re.compile(
    rf"(?P<lead>(?<![\w-])(?:-[a-zA-Z]{{0,6}}?[uU]|--(?:proxy-)?user)(?:\s{{1,5}}|=|)){NOT_OURS}{_VALUE}"
)
_USER_OPTION = re.compile(
    rf"(?P<lead>(?<![\w-])--(?:proxy-|http-|ftp-)?user(?:name)?(?:\s{{1,5}}|=))(?![0-9]+:[0-9]+(?![\w:])){NOT_OURS}"
    r"(?:'[^':]*:[^']*'|\"[^\":]*:[^\"]*\"|[^\s:'\"]{1,100}:[^\s'\"]+)"
)
_LOGIN_COMMAND = re.compile(
    r"(?<![\w-])(?:sshpass|mysql\w{0,10}|mariadb\w{0,10}|"
    r"(?:docker|podman|skopeo|oras|az|registry|npm) login)\s[^|;&]*\Z"
)
_SHORT_PASSWORD = re.compile(rf"(?P<lead>\s-p ?){NOT_OURS}(?![\s-]){_VALUE}")


def _short_password(found: re.Match[str]) -> str:
    """Hide the value of -p where it stands behind a command whose -p is a password."""
    command = found.string[max(found.start() - 200, 0) : found.start() + 1]
    return found["lead"] + HIDDEN if _LOGIN_COMMAND.search(command) else found[0]


_OPENSSL = replacing(rf"(?P<lead>-pass(?:in|out)?\s{{1,5}}['\"]?pass:){NOT_OURS}[^\s'\"]+", keeping("lead"), "pass")
_NETRC = replacing(
    rf"(?P<lead>\blogin\s{{1,5}}){NOT_OURS}(?P<user>\S+)(?P<between>\s{{1,5}}password\s{{1,5}}){NOT_OURS}\S+",
    lambda found: f"{found['lead']}{HIDDEN}{found['between']}{HIDDEN}",
    "login",
)
_URL_LOGIN = replacing(
    r"(?P<scheme>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://)[^/\s<\"']{1,300}@",
    lambda found: f"{found['scheme']}{HIDDEN}@",
    "//",
)
_SIGNED = (
    "x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature", "x-goog-credential", "signature",
    "sig", "awsaccesskeyid", "googleaccessid", "key-pair-id", "policy", "access_token", "id_token", "refresh_token",
    "token", "auth", "apikey", "api_key", "api-key", "key", "code", "client_secret", "client_id", "secret", "password",
    "pwd", "pass", "hdnts", "hdnea", "hmac", "sas", "ticket", "session", "sessionid", "sid", "jwt",
)  # fmt: skip
# In the query of a URL, of which the rest may tell what failed: X-Amz-Expires, the name of the file.
_SIGNED_NAME = re.compile(rf"[?&#;](?:{'|'.join(_SIGNED)})\Z", re.IGNORECASE)
_ARGUMENT = re.compile(rf"={NOT_OURS}[^\s&\"'<>#;=]+=*")


def _argument(found: re.Match[str]) -> str:
    name = found.string[max(found.start() - 30, 0) : found.start()]
    return f"={HIDDEN}" if _SIGNED_NAME.search(name) else found[0]


_SIGNATURE = replacing(
    rf"(?P<lead>\bSIGN2?=\s{{0,3}}){NOT_OURS}(?:\"[^\"]*\"?|[0-9A-F]{{4,}}(?: [0-9A-F]{{4}})*)",
    keeping("lead"),
    "sign=",
    "sign2=",
)  # of a FEATURE line in a licence file


RULES: tuple[Rule, ...] = (
    replacing(_HEADER, keeping("lead"), "auth", "cookie", "token", "key", "secret"),
    replacing(_BASIC, _basic, "basic"),
    _URL_LOGIN,
    replacing(_ARGUMENT, _argument, "?", "&", "token"),
    replacing(_SHORT_PASSWORD, _short_password, " -p"),
    replacing(_CURL, keeping("lead"), "curl"),
    replacing(_USER_OPTION, keeping("lead"), "user"),
    _OPENSSL,
    _NETRC,
    Rule(_without_assigned, _NAMES),
    Rule(_without_spoken, _NAMES),
    _SIGNATURE,
)
