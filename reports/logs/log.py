"""Logs of Vivado, Vitis HLS, Vivado HLS or v++: the first cause of a failure, and figures that only a log has.

A log can prove failure but never success. `outcome` is "failed" if there is an error or a killed process, "ended" if
the tool says that it has finished, None if the text just stops. A design that misses timing also ends (see `timing_met`
and `scaled_clocks`), and so does one without constraints. Of damaged logs (two sessions, conflict marks, a terminal's
escape sequences) all lines that are messages are read. Layouts from public logs of 2016.4 to 2025.2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from reports.logs.facts import failure_facts
from reports.logs.failures import proof_of_failure
from reports.logs.message import Message, is_date_overflow, read_message
from reports.logs.redaction import redact_line
from reports.logs.value import Log, MessageCount, PhaseChecksum, ScaledClock, Slacks
from reports.reading.expect import expect
from reports.reading.kind import Kind, Precedence
from reports.reading.number import Number, number
from reports.vivado.table import Lines

_ESCAPE = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
# Between four to six stars any tool names itself ("****** xocc v2018.3 (64-bit)"); elsewhere only these count.
_TOOL = re.compile(
    r"(?:(?: {0,2}\*{2,6} ?(?P<starred>[A-Za-z][\w+.() -]{0,40}?))"
    r"|(?:# ?)?(?P<tool>Vivado|Vitis HLS|Vivado\(TM\) HLS|Vivado HLS|vpl|v\+\+|xocc|vitis-run|HLS Build))"
    r"(?:\(TM\))?(?: - High-Level Synthesis from [^0-9]{0,80}?)? v(?P<version>[0-9]{4}\.[0-9.]{1,8})(?: .*)?"
)
_FRONT = re.compile(
    r"(?:##\[(?:error|warning|debug|section|command)\]|(?:> ?){1,6}"
    r"|\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]{8,18}Z?\]? "
    r"|\[[0-9:.]{8,15}\] | {1,8})(?=(?:##\[\w{4,9}\])?(?:ERROR|CRITICAL WARNING|WARNING|INFO): \[)"
)
_PART = re.compile(
    r"(?:-part |Using part '|Setting target device to '|Target device: )'?(?P<part>xc[a-z0-9-]{4,40})", re.I
)
_PLATFORM = re.compile(r"Target device: +(?P<platform>\S{1,120})")
_KILLED = re.compile(r".{0,400}: line [0-9]{1,7}: +(?P<pid>[0-9]{1,10}) Killed\b.*")
_DESIGN_STEP = re.compile(
    r"\b(?P<step>(?:synth|link|opt|power_opt|place|phys_opt|route)_design|write_bitstream) ERROR\b"
)
_ENDED = re.compile(r"(?:INFO: \[Common 17-206\] )?(?P<text>Exiting \w{1,20} at .{10,40}?)\.\.\.")
_TOTAL = re.compile(
    r"Total elapsed time: (?:(?P<seconds>[0-9.]{1,15}) seconds|(?P<h>[0-9]{1,6})h (?P<m>[0-9]+)m (?P<s>[0-9]+)s)"
)
_START = re.compile(r"# Start of session at: (?P<text>.{10,40})")
_PEAK = re.compile(r"Memory \(MB\): peak = (?P<mb>[0-9.]{1,15})")
_HLS_PEAK = re.compile(r"peak allocated memory: (?P<value>[0-9.]{1,15}) (?P<unit>MB|GB|KB)")
_CHECKSUM = re.compile(r"(?P<phase>[A-Z][^|]{1,200}?) \| Checksum: (?P<checksum>[0-9a-f]{1,20})")
_FMAX = re.compile(r"\*\*\*\* Estimated Fmax: (?P<mhz>[0-9.]{1,15}) MHz")
_CREATED = re.compile(r"Created (?P<path>\S.{0,1000})")
_WROTE = re.compile(r"Successfully wrote \((?P<bytes>[0-9]{1,15}) bytes\) to the output file: .*\.(?:xclbin|xsa)")
_SLACK = re.compile(r"(?P<name>WNS|TNS|WHS|THS) ?= ?(?P<value>-?[0-9.]{1,20}|N/A)")
_SUMMARY = re.compile(r"(?P<name>[A-Z][A-Za-z ]{1,60}?) (?:Timing )?Summary ?\|")
_VIOLATION = re.compile(r"The II Violation in module '[^']{1,300}' \(loop '(?P<loop>[^']{1,300})'\)")
_FAILED = re.compile(r"(?P<step>(?:synth|link|opt|power_opt|place|phys_opt|route)_design|write_bitstream) failed")
_STEP = re.compile(r"Run (?P<run>[\w.]{1,60}): Step (?P<step>[\w.]{1,60}): Failed")
_SCALED = re.compile(
    r"failed timing targeting (?P<requested>[0-9.]{1,15}) ?MHz for (?:kernel|system) clock '(?P<name>[^']{1,200})'\. "
    r"The frequency is being automatically changed to (?P<achieved>[0-9.]{1,15}) ?MHz"
)
_TOP = re.compile(r"Command: synth_design .*?-top (?P<top>\S{1,300}).*")
_FREQUENCY = re.compile(r"--kernel_frequency (?P<value>[0-9]{1,4})\b")


@dataclass
class _Draft:
    tool: str | None = None
    version: str | None = None
    part: str | None = None
    platform: str | None = None
    errors: list[Message] = field(default_factory=list)
    warnings: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    pid: int | None = None
    failed_step: str | None = None
    steps: list[tuple[str, str]] = field(default_factory=list)
    design_step: str | None = None
    top: str | None = None
    began: str | None = None
    total_s: float | None = None
    peak_mb: float | None = None
    end: str | None = None
    checksums: list[PhaseChecksum] = field(default_factory=list)
    slacks: list[Slacks] = field(default_factory=list)
    missed: bool = False
    scaled: list[ScaledClock] = field(default_factory=list)
    fmax: float | None = None
    loops: dict[str, None] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    size: int | None = None
    frequency: int | None = None


def matches(head: str) -> bool:
    """Whether a text begins like a log: with a tool's banner or messages."""
    for raw in head.split("\n")[:300]:
        line = _clean(raw)
        if _TOOL.fullmatch(line) or line.startswith("*** Running v"):
            return True
        message = read_message(line, 0)
        if message is not None and message.code is not None:
            return True
    return False


def parse(text: str, file: str = "") -> Log:
    """Return the value of a log. Raises ReportError for any other text."""
    expect(text, file, matches, "a log of Vivado, Vitis HLS or v++")
    draft = _Draft()
    for at, raw in enumerate(Lines(text, file)):
        line = _clean(raw)
        message = read_message(line, at + 1)
        if message is not None:
            _note_message(draft, message)
        _note_line(draft, line, at + 1)
    return _finish(draft, text)


def _clean(raw: str) -> str:
    """Return a line as a terminal shows it: no escape sequences, only the part after the last carriage return."""
    line = raw.rstrip()
    if "\x1b" in line:
        line = _ESCAPE.sub("", line)
    line = line.rpartition("\r")[2] if "\r" in line else line
    # What a CI system, a mail or an outer script has put in front of a message.
    if ": [" in line and line[:1] in "#>[ 0123456789":
        while front := _FRONT.match(line):
            line = line[front.end() :]
    return line


def _note_message(draft: _Draft, message: Message) -> None:
    if message.severity == "ERROR":
        # Texts are stored and shown, so redact users and hosts; files and lines stay.
        draft.errors.append(replace(message, text=redact_line(message.text)))
    elif message.severity != "INFO":
        draft.warnings[(message.severity, message.code)] += 1
    if message.number in ("38-282", "35-39"):
        draft.missed = True
    for part, pattern, take in _IN_MESSAGES:
        if part in message.text:
            found = pattern.search(message.text)
            if found:
                take(draft, found)
    summary = _SUMMARY.match(message.text)
    if summary:
        values = {found["name"]: number(found["value"]) for found in _SLACK.finditer(message.text)}
        wns, tns, whs, ths = (_real(values.get(name)) for name in ("WNS", "TNS", "WHS", "THS"))
        draft.slacks.append(Slacks(summary["name"].removesuffix(" Timing"), wns, tns, whs, ths, message.line))


def _real(value: Number | None) -> float | None:
    return None if value is None else float(value)


def _note_line(draft: _Draft, line: str, at: int) -> None:
    for part, pattern, take in _IN_LINES:
        if part in line:
            found = pattern.search(line)
            if found:
                take(draft, found)
    if " | Checksum: " in line:
        phase = _CHECKSUM.fullmatch(line)
        if phase:
            draft.checksums.append(PhaseChecksum(phase["phase"], phase["checksum"], at))
    if " Killed" in line and draft.pid is None:
        killed = _KILLED.fullmatch(line)
        if killed:
            draft.pid = int(killed["pid"])
    if draft.tool is None and " v2" in line:
        tool = _TOOL.fullmatch(line)
        if tool:
            name = tool["starred"] or tool["tool"]
            draft.tool, draft.version = name.replace("(TM)", "").strip(), tool["version"]


def _take_part(draft: _Draft, found: re.Match[str]) -> None:
    draft.part = draft.part or found["part"]


def _take_platform(draft: _Draft, found: re.Match[str]) -> None:
    draft.platform = draft.platform or found["platform"]


def _take_total(draft: _Draft, found: re.Match[str]) -> None:
    if found["seconds"]:
        value = number(found["seconds"])
        draft.total_s = draft.total_s if value is None else float(value)
    else:
        draft.total_s = float(int(found["h"]) * 3600 + int(found["m"]) * 60 + int(found["s"]))


def _take_peak(draft: _Draft, found: re.Match[str]) -> None:
    value = number(found["mb"])
    if value is not None:
        draft.peak_mb = max(draft.peak_mb or 0.0, float(value))


def _take_hls_peak(draft: _Draft, found: re.Match[str]) -> None:
    value = number(found["value"])
    if value is not None:
        scale = {"KB": 1 / 1024, "MB": 1.0, "GB": 1024.0}[found["unit"]]
        draft.peak_mb = max(draft.peak_mb or 0.0, float(value) * scale)


def _take_fmax(draft: _Draft, found: re.Match[str]) -> None:
    value = number(found["mhz"])
    draft.fmax = draft.fmax if value is None else float(value)


def _take_created(draft: _Draft, found: re.Match[str]) -> None:
    draft.created.append(redact_line(found["path"]))


def _take_loop(draft: _Draft, found: re.Match[str]) -> None:
    draft.loops[found["loop"]] = None


def _take_size(draft: _Draft, found: re.Match[str]) -> None:
    draft.size = int(found["bytes"])


def _take_top(draft: _Draft, found: re.Match[str]) -> None:
    draft.top = found["top"]


def _take_frequency(draft: _Draft, found: re.Match[str]) -> None:
    draft.frequency = int(found["value"])


def _take_step(draft: _Draft, found: re.Match[str]) -> None:
    draft.failed_step = found["step"]
    if "run" in found.re.groupindex:
        draft.steps.append((found["run"], found["step"]))
    else:
        draft.design_step = draft.design_step or found["step"]


def _take_design_step(draft: _Draft, found: re.Match[str]) -> None:
    draft.design_step = draft.design_step or found["step"]


def _take_scaled(draft: _Draft, found: re.Match[str]) -> None:
    requested, achieved = number(found["requested"]), number(found["achieved"])
    if requested is not None and achieved is not None:
        draft.scaled.append(ScaledClock(found["name"], float(requested), float(achieved)))


def _take_began(draft: _Draft, found: re.Match[str]) -> None:
    draft.began = draft.began or found["text"].strip()


def _take_end(draft: _Draft, found: re.Match[str]) -> None:
    draft.end = found["text"]


_Take = Callable[[_Draft, re.Match[str]], None]

# A pattern is tried only on lines that contain its constant part, because a log may have 100 MB.
_IN_LINES: tuple[tuple[str, re.Pattern[str], _Take], ...] = (
    ("part", _PART, _take_part),
    ("Target device: ", _PART, _take_part),
    ("Total elapsed time", _TOTAL, _take_total),
    ("Memory (MB)", _PEAK, _take_peak),
    ("peak allocated", _HLS_PEAK, _take_hls_peak),
    ("Successfully wrote", _WROTE, _take_size),
    (" failed", _FAILED, _take_step),
    (": Failed", _STEP, _take_step),
    ("Command: synth", _TOP, _take_top),
    ("--kernel_frequency", _FREQUENCY, _take_frequency),
    ("# Start of session", _START, _take_began),
    ("Exiting ", _ENDED, _take_end),
)
_IN_MESSAGES: tuple[tuple[str, re.Pattern[str], _Take], ...] = (
    ("Target device", _PLATFORM, _take_platform),
    ("Estimated Fmax", _FMAX, _take_fmax),
    ("Created ", _CREATED, _take_created),
    ("II Violation", _VIOLATION, _take_loop),
    (" ERROR", _DESIGN_STEP, _take_design_step),
    ("failed timing targeting", _SCALED, _take_scaled),
)


def _cause(draft: _Draft, proof: Message | None) -> Message | None:
    """Return the message that a person would call the cause: the first error that does not just follow another.

    An error without a code counts if it comes before all others; later ones sum up.
    """
    overflows = [error for error in draft.errors if error.code is None and is_date_overflow(error.text)]
    real = [error for error in draft.errors if error.code is not None and not error.is_tail]
    tails = [error for error in draft.errors if error.is_tail]
    worded = [error for error in draft.errors if error.code is None and error.text]
    if overflows:
        return overflows[0]
    found = next((group[0] for group in (real, tails, worded, draft.errors) if group), None)
    if proof is not None and (found is None or found.is_tail or found.code is None or proof.line <= found.line):
        return proof
    return found


def _proof(text: str) -> Message | None:
    """Return the line that proves a failure although no message says so: a crash, a killed process, a full disk."""
    found = proof_of_failure(text)
    if found is None:
        return None
    at, line, category = found
    severity = {"killed": "KILLED", "crashed": "CRASHED"}.get(category or "", "FAILED")
    line = _clean(line)
    message = read_message(line, at + 1)
    if message is not None:
        return replace(message, text=redact_line(message.text))
    return Message(severity, None, redact_line(line[:1000]), at + 1)


def _innermost(draft: _Draft) -> str | None:
    """Return the step within which the others failed: "route_design" within "impl" within "vpl"."""
    if draft.design_step is not None:
        return draft.design_step
    runs = {run for run, _ in draft.steps}
    return next((step for _, step in draft.steps if step not in runs), draft.failed_step)


def _finish(draft: _Draft, text: str) -> Log:
    proof = _proof(text)
    failed = bool(draft.errors) or proof is not None
    ended = draft.end is not None or draft.total_s is not None
    return Log(
        tool=draft.tool,
        version=draft.version,
        part=draft.part,
        platform=draft.platform,
        outcome="failed" if failed else ("ended" if ended else None),
        errors=tuple(draft.errors),
        facts=failure_facts(tuple(draft.errors)),
        cause=_cause(draft, proof),
        warnings=tuple(MessageCount(severity, code, count) for (severity, code), count in draft.warnings.items()),
        killed_pid=draft.pid,
        failed_step=draft.failed_step,
        innermost_step=_innermost(draft),
        top=draft.top,
        elapsed_s=draft.total_s if draft.total_s is not None else _session_s(draft.began, draft.end),
        peak_memory_mb=draft.peak_mb,
        end_line=draft.end,
        checksums=tuple(draft.checksums),
        slacks=tuple(draft.slacks),
        timing_met=False if draft.missed else None,
        scaled_clocks=tuple(draft.scaled),
        estimated_fmax_mhz=draft.fmax,
        ii_violations=tuple(draft.loops),
        created=tuple(draft.created),
        output_bytes=draft.size,
        kernel_frequency_mhz=draft.frequency,
    )


def _session_s(began: str | None, end: str | None) -> float | None:
    """Return the seconds between "Start of session at" and "Exiting … at"; None if one is missing."""
    if began is None or end is None:
        return None
    try:
        start = datetime.strptime(" ".join(began.split()), "%a %b %d %H:%M:%S %Y")
        stop = datetime.strptime(" ".join(end.partition(" at ")[2].split()), "%a %b %d %H:%M:%S %Y")
    except ValueError:
        return None
    seconds = (stop - start).total_seconds()
    return seconds if seconds >= 0 else None


KIND = Kind("xilinx_log", Precedence.MESSAGE, matches, parse)
