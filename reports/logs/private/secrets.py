"""Passwords and keys, known by the name or the option that stands before them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import lru_cache

from reports.logs.line_filter import small
from reports.logs.private import assigned
from reports.logs.private.rule import HIDDEN, NOT_OURS, Rule, keeping, replacing

_SECRET_VARIABLES = re.compile(
    r"LICEN[CS]E|TOKEN|SECRET|PASSW|PASSPHRASE|PASSCODE|KENNWORT|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE|COOKIE|SESSION|"
    r"AUTH|SSH_|KRB5|GPG|MAIL|TMUX|DBUS|DISPLAY|PROXY|ASKPASS|SLURM_|LSB_|SGE_|PBS_|_HEADER|CONNECTION_?STRING|WEBHOOK"
)
_SECRET_ENDS = re.compile(
    r"(?:_|^)(?:PASS|PW|PAT|DSN|SAS|CREDS?|OTP)$|_(?:PWD|KEY|LOGIN)$|(?<!BY)(?<!COM)(?<!SUR)PASS$"
)
_LAST_LETTERS = ("PASS", "PW", "PAT", "DSN", "SAS", "CRED", "CREDS", "OTP", "PWD", "KEY", "LOGIN")
_PERSON_VARIABLES = frozenset({"USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME", "HOST", "XAUTHLOCALHOSTNAME"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
# What may stand before the name: export A=b, the trace + A=b of a shell, declare -x A="b", setenv A b.
_BEFORE_NAME = re.compile(
    r"\s{0,20}(?:[A-Z]{3,20}: ?)?(?:\+{1,5} )?(?:(?:export|env|declare -x|typeset -x|set|setenv|SET|ENV|ARG) )?",
    re.ASCII,
)
# The same at the beginning of any line of a text; what stands before the name is looked at by `private_variable`.
_BEFORE = (
    r"\n[^\S\n]{0,20}(?:[A-Z]{3,20}: ?)?(?:\+{1,5} )?"
    r"(?:(?:export|env|declare -x|typeset -x|set|setenv|SET|ENV|ARG) )?"
)
_SETS = re.compile(rf"{_BEFORE}(?P<name>[A-Za-z_][A-Za-z0-9_]{{0,100}})=", re.ASCII)
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


def ends_of_private_variables(text: str) -> Iterator[int]:
    """Return where the lines end that may set a private variable; for `setenv` they are found by the word."""
    for found in _SETS.finditer("\n" + text):
        if _is_private_name(found["name"]):
            end = text.find("\n", found.end() - 1)
            yield len(text) if end < 0 else end


_PERSON = re.compile(
    rf"(?:^|[\s+])(?:{'|'.join(sorted(_PERSON_VARIABLES))})[= ][ \t]*['\"]?([^\s'\"]+)", re.IGNORECASE | re.MULTILINE
)
_SETS_PERSON = re.compile(rf"{_BEFORE}(?i:{'|'.join(sorted(_PERSON_VARIABLES))})=", re.ASCII)


def ends_of_persons(text: str) -> Iterator[int]:
    """Return where the lines end that may name a user or a host in a variable."""
    for found in _SETS_PERSON.finditer("\n" + text):
        end = text.find("\n", found.end() - 1)
        yield len(text) if end < 0 else end


def possible_names(text: str) -> set[str]:
    """Return the users and hosts that variables in a text may name: more than `private_variable`, and sooner."""
    return set(_PERSON.findall(text))


@lru_cache(maxsize=4096)
def _is_private_name(name: str) -> bool:
    upper = name.upper()
    if upper in _PERSON_VARIABLES or _SECRET_VARIABLES.search(upper) is not None:
        return _NAME.fullmatch(name) is not None
    return (
        upper.endswith(_LAST_LETTERS) and _NAME.fullmatch(name) is not None and _SECRET_ENDS.search(upper) is not None
    )


_SCHEME = r"(?:basic|bearer|digest|token|negotiate|ntlm|apikey|aws4-hmac-sha256)\s{1,5}"
# With a line in small letters, and by its first letter: see `assigned.py`.
_HEADER = re.compile(
    r"[acdjpsx](?<![\w-].)(?:(?<=a)uthorization|(?<=p)roxy-authorization|(?<=a)pi-key|"
    r"(?<=x)-[\w-]{0,40}(?:token|key|auth|secret)[\w-]{0,20}|(?<=c)ookie|(?<=s)et-cookie|"
    r"(?:(?<=p)rivate|(?<=j)ob|(?<=d)eploy)-token)['\"]?\s{0,5}[:=]\s{0,5}['\"]?"
    rf"(?:{_SCHEME})?(?!(?:{_SCHEME})?<){NOT_OURS}(?P<value>[^\s'\"][^'\"]*)"
)


def _without_header(line: str) -> str:
    if ":" not in line and "=" not in line:
        return line
    pieces: list[str] = []
    done = 0
    for found in _HEADER.finditer(small(line)):
        pieces += (line[done : found.start("value")], HIDDEN)
        done = found.end()
    return "".join((*pieces, line[done:])) if pieces else line


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
_REDIS = replacing(
    rf"(?P<lead>\bredis-cli\s[^|;&]{{0,200}}?(?<=\s)(?:-a|--pass)\s{{1,5}}){NOT_OURS}{_VALUE}",
    keeping("lead"),
    "redis-cli",
)
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
_ARGUMENT = replacing(
    re.compile(rf"(?P<lead>[?&#;](?:{'|'.join(_SIGNED)})=){NOT_OURS}[^\s&\"'<>#;=]+=*", re.IGNORECASE),
    keeping("lead"),
    "?",
    "&",
    "token",
)
_SIGNATURE = replacing(
    rf"(?P<lead>\bSIGN2?=\s{{0,3}}){NOT_OURS}(?:\"[^\"]*\"?|[0-9A-F]{{4,}}(?: [0-9A-F]{{4}})*)",
    keeping("lead"),
    "sign=",
    "sign2=",
)  # of a FEATURE line in a licence file


RULES: tuple[Rule, ...] = (
    Rule(_without_header, ("auth", "cookie", "token", "key", "secret")),
    replacing(_BASIC, _basic, "basic"),
    _URL_LOGIN,
    _ARGUMENT,
    replacing(_SHORT_PASSWORD, _short_password, " -p"),
    replacing(_CURL, keeping("lead"), "curl"),
    replacing(_USER_OPTION, keeping("lead"), "-user"),
    _OPENSSL,
    _REDIS,
    _NETRC,
    *assigned.RULES,
    _SIGNATURE,
)
