"""Machines and people on them: licence servers, hosts, addresses of the network, host ids, e-mail."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from reports.logs.private.rule import ADDRESS, HIDDEN, HOST, LICENCE_SERVER, NOT_OURS, Rule, keeping, replacing, words

# 2100@host, 2100@host1:2101@host2, 2100@host1,host2, 2100@[2001:db8::7]
_HOST_NAME = r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\])"
_LICENCE_SERVER = re.compile(rf"[0-9](?<![0-9A-Za-z][0-9])[0-9]{{1,4}}@{_HOST_NAME}(?:,{_HOST_NAME}(?![\w.]*@))*")
_LICENCE_WORDS = ("licen", "flex", "lmgrd", "xilinxd")
_OF_LICENCES = re.compile("|".join(_LICENCE_WORDS), re.IGNORECASE)
# host:2100 in a line about licences; top.v:2100 is a place.
_HOST_AND_PORT = re.compile(
    r"(?<![\w./\\@:<-])(?P<host>[A-Za-z][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_-]{1,63}){0,6}):[0-9]{4,5}(?![\w.:])"
)
_SOURCE_FILE = re.compile(
    r"\.(?:s?vh?d?|vhdl|tcl|xdc|sdc|py|c|cc|cpp|h|hpp|log|txt|lic|dat|xml|json|ya?ml|cfg|sh|ini)$", re.IGNORECASE
)
_LICENCE_LINE = re.compile(
    r"(?P<lead>(?:Licen[sc]e|Feature) (?:servers?|paths?|files?|hosts?|search path|source)(?:\(s\))?(?: status| name)?"
    rf"\s{{0,5}}[:=] ?){NOT_OURS}(?!<)\S.*",
    re.IGNORECASE,
)
# lmstat: 'lic1: license server UP', 'max rechner17 /dev/pts/3 (v2020.1) (lic1/2100 101)'; the daemon's log:
# '(xilinxd) OUT: "x" max@rechner17'.
_LICENCE_STATE = re.compile(r"(?<![\w.<-])[\w.-]+(?P<state>: licen[sc]e server (?:UP|DOWN))", re.IGNORECASE)
_LICENCE_USER = re.compile(r"(?<!\S)(?!<)\S{1,100} \S{1,100} \S{1,100}(?P<rest> \(v[\d.]+\) \()[\w.-]+(?=/[0-9]{2,5} )")
_LICENCE_EVENT = re.compile(
    r"(?P<lead>\b(?:IN|OUT|DENIED|UNSUPPORTED|QUEUED): \"[^\"]{0,100}\" )(?!<)[^\s@]{1,100}@[\w.-]{1,255}"
)
_LICENCE_FILE_LINE = re.compile(
    r"(?P<lead>(?<!\S)SERVER\s{1,20})(?!<)\S+(?P<gap>\s{1,20})(?:[A-Z_]{2,20}=)?(?:[0-9A-Fa-f]{8,}|ANY)(?!\S)"
)
_HOST_ID = re.compile(
    r"(?P<lead>(?:\b(?:lm)?host[ _-]?ids?\b|\b(?:DISK_SERIAL_NUM|VM_UUID|FLEXID|DONGLE|COMPOSITE)\b|\bVM UUID\b)"
    r"(?:\s{1,3}(?:of|for|on) (?:this|the) (?:machine|host|node))?\s{0,5}(?:is|are|was|[:=]|->)?\s{0,5}[\"']?"
    r"(?:[A-Z_]{2,20}=)?)"
    rf"(?!ANY\b|DEMO\b){NOT_OURS}(?:[0-9A-Za-z]+-)?(?:0x)?[0-9A-Fa-f]{{6,40}}(?:[ ,:-][0-9A-Fa-f]{{2,12}})*",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,250}\.[A-Za-z]{2,24}\b"
)
_REMOTE = re.compile(  # user@host:/folder, and a shell's user@host:~$
    r"(?<![\w.+%-])[A-Za-z_][\w.+-]{0,31}@[A-Za-z][A-Za-z0-9.-]{0,253}(?=:[~/.\w]|:?~)"
)
_USER_ON_HOST = re.compile(r"(?P<lead>[Ff]or user )'(?P<user>[^']{1,100})' on host '(?P<host>[^']{1,200})'")
_HEAD_HOST = re.compile(
    r"(?P<lead>^(?:[A-Z]{3,20}: ?)?[#| ]{0,5}"
    r"(?:Host|Running On|Hostname|Host ?Name|Server (?:name|host)|Node ?name)"
    r"\s{0,20}: ?)(?!<)\S.*"
)
_BATCH_HOST = re.compile(
    r"(?P<lead>\b(?:executed|submitted|running|started) (?:on|from) (?:host\(?s?\)?|node) <?)(?!redacted)[\w.-]+"
)
# A search skips to the first digit, and looks then at what is before it.
_IPV4 = re.compile(r"[0-9](?<![\w.-][0-9])[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![\w-]|\.[0-9])(?::[0-9]{1,5}\b)?")
_FOUR_NUMBERS = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_COLONS = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,60}(?:%[\w.-]{1,20})?(?![\w:])")
_DASHED_MAC = re.compile(r"(?<![\w.-])[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![\w-])")
_DOTTED_MAC = re.compile(r"(?<![\w.-])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![\w-]|\.[0-9])")
_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5,19}")
_GLOBAL = re.compile(r"(?:[23][0-9a-f]{3}|f[cd][0-9a-f]{2}|fe[89ab][0-9a-f]|ff[0-9a-f]{2}|64:ff9b):", re.IGNORECASE)


def _colons(found: re.Match[str]) -> str:
    """Hide a MAC or an address of IPv6. `a::b` is C++: an address begins with one of the ranges that are given out."""
    text = found[0].partition("%")[0]
    if _PAIRS.fullmatch(text):
        return ADDRESS
    if "::" not in text and text.count(":") != 7:
        return found[0]
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return found[0]
    given_out = _GLOBAL.match(text) and any(letter.isdigit() for letter in text)
    return ADDRESS if given_out or text.count(":") == 7 else found[0]


def _with_letter(found: re.Match[str]) -> str:
    """Hide a MAC that no date and no number can be."""
    return ADDRESS if re.search("[A-Fa-f]", found[0]) else found[0]


def _ipv4(found: re.Match[str]) -> str:
    """Hide an address; leave a version of four numbers (`Flex 11.17.2.0`) and the number of a phase or a section."""
    numbers = [int(part) for part in found[0].partition(":")[0].split(".")]
    before = found.string[max(found.start() - 10, 0) : found.start()].strip().lower()
    is_version = before.endswith(("version", "flex", "release", "build", "revision", "phase", "section", "step"))
    is_heading = not before and found.start() == 0 and numbers[0] < 10 and max(numbers) < 100
    return found[0] if is_version or is_heading or max(numbers) > 255 else ADDRESS


def _host_and_port(line: str) -> str:
    if not _OF_LICENCES.search(line):
        return line
    return _HOST_AND_PORT.sub(lambda found: found[0] if _SOURCE_FILE.search(found["host"]) else LICENCE_SERVER, line)


# \\server\share: the path stays.
_UNC = re.compile(r"(?<![\w\\:/>])(?P<lead>\\\\(?:\\\\)?)(?![.?\\])[A-Za-z0-9][\w.-]{0,62}(?=\\)")
_SMB = re.compile(r"(?<![\w:/\\])//(?!<)[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,62}){0,5}(?=/[\w$.-]+(?:/|\s|$))")
_SHARE = re.compile(
    r"(?P<lead>\b(?:smb|cifs|nfs|afp)://(?:[^/\s@<]{1,100}@)?)(?!<)[A-Za-z0-9][\w.-]{0,253}", re.IGNORECASE
)
# server:/export/folder; not C:/, PATH:/usr or "at:/".
_NFS = re.compile(r"(?<![\w./\\:@<-])(?P<host>[A-Za-z][A-Za-z0-9.-]{1,62}|\[[0-9A-Fa-f:]{3,40}\]):(?=/[A-Za-z0-9_])")
_NO_HOSTS = words(
    "at cmd cwd dest gs hdfs s3 dir directory dst error exec file files folder from home in include info input into "
    "jar lib location log logs note of on or out output path paths pwd root script source src target temp "
    "tmp to url warning"
)


def _nfs(found: re.Match[str]) -> str:
    host = found["host"]
    return found[0] if host.isupper() or host.lower() in _NO_HOSTS else f"{HOST}:"


USER_ON_HOST = replacing(_USER_ON_HOST, lambda found: f"{found['lead']}'{HIDDEN}' on host '{HIDDEN}'", "host")
RULES: tuple[Rule, ...] = (
    replacing(_LICENCE_SERVER, LICENCE_SERVER, "@"),
    replacing(_LICENCE_EVENT, keeping("lead"), ': "'),
    replacing(_REMOTE, ADDRESS, "@"),
    replacing(_EMAIL, ADDRESS, "@"),
    USER_ON_HOST,
    replacing(_HEAD_HOST, keeping("lead"), "host", "running on", "server", "node"),
    replacing(_BATCH_HOST, keeping("lead"), "host", "node"),
    replacing(_LICENCE_STATE, lambda found: LICENCE_SERVER + found["state"], "e server "),
    replacing(_LICENCE_USER, lambda found: HIDDEN + found["rest"] + LICENCE_SERVER, " (v"),
    replacing(_LICENCE_FILE_LINE, lambda found: f"{found['lead']}{HIDDEN}{found['gap']}{HIDDEN}", "server"),
    replacing(_LICENCE_LINE, keeping("lead"), "licen", "feature "),
    Rule(_host_and_port, _LICENCE_WORDS),
    replacing(_HOST_ID, keeping("lead"), "host", "uuid", "flex", "composite", "serial_num"),
    replacing(_UNC, lambda found: found["lead"] + HOST, "\\\\"),
    replacing(_SMB, f"//{HOST}", "//"),
    replacing(_SHARE, lambda found: found["lead"] + HOST, "//"),
    replacing(_NFS, _nfs, ":/"),
    replacing(_IPV4, _ipv4, looks=(_FOUR_NUMBERS,)),
    replacing(_COLONS, _colons, looks=(re.compile(r":(?::|(?:[0-9A-Fa-f]{1,4}:){3})"),)),
    replacing(_DASHED_MAC, _with_letter, looks=(re.compile(r"-(?:[0-9A-Fa-f]{2}-){3}"),)),
    replacing(_DOTTED_MAC, _with_letter, looks=(re.compile(r"\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"),)),
)  # fmt: skip


def users_and_hosts(line: str) -> Iterator[str]:
    """Return the users and hosts that HLS' greeting names."""
    for found in _USER_ON_HOST.finditer(line) if "on host" in line else ():
        yield from (name for name in (found["user"], found["host"]) if name != HIDDEN)
