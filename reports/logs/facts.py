"""Facts in the texts of errors: missing modules, exhausted resources, refused licences."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.logs.message import Message

_LICENCE = re.compile(
    r"license was not found for feature '(?P<feature>[^']{1,60})' and/or device '(?P<device>[^']{1,60})'"
)
_MODULE = re.compile(r"module '(?P<name>[^']{1,300})' not found|Cell '[^']{1,300}' of type '(?P<type>[^']{1,300})'")
_KERNEL = re.compile(r'Kernel "(?P<name>[^"]{1,200})" specified in --nk option does not exist')
_OVERUSE = re.compile(
    r"Resource utilization: (?P<resource>.{1,100}?) over-utilized in (?P<where>.{1,200}?) \("
    r".{0,600}? requires (?P<required>[0-9]{1,12}) of such cell types but only (?P<available>[0-9]{1,12}) "
)
_CLBS = re.compile(
    r"total of (?P<total>[0-9]{1,12}) CLBs in the pblock, of which (?P<available>[0-9]{1,12}) CLBs are available, "
    r"however, the unplaced instances require (?P<required>[0-9]{1,12}) CLBs"
)
_CONGESTION = re.compile(r"global congestion level is (?P<level>[0-9]{1,3})")


@dataclass(frozen=True)
class Overuse:
    """A resource of which a design needs more than a pblock or the device has."""

    resource: str
    where: str
    required: int
    available: int


@dataclass(frozen=True)
class FailureFacts:
    """Facts named in the errors of a log; None or empty for those not named."""

    licence_feature: str | None = None
    licence_device: str | None = None
    missing_module: str | None = None
    missing_kernel: str | None = None
    overuse: tuple[Overuse, ...] = ()
    clbs_in_pblock: int | None = None
    clbs_available: int | None = None
    clbs_required: int | None = None
    congestion_level: int | None = None


def failure_facts(errors: tuple[Message, ...]) -> FailureFacts | None:
    """Return the facts in the texts of `errors`: the first of each kind, but all exhausted resources. None if none."""
    licence = _first(_LICENCE, errors)
    module = _first(_MODULE, errors)
    kernel = _first(_KERNEL, errors)
    clbs = _first(_CLBS, errors)
    congestion = _first(_CONGESTION, errors)
    found = [match for error in errors if (match := _OVERUSE.match(error.text))]
    facts = FailureFacts(
        licence_feature=licence["feature"] if licence else None,
        licence_device=licence["device"] if licence else None,
        missing_module=(module["name"] or module["type"]) if module else None,
        missing_kernel=kernel["name"] if kernel else None,
        overuse=tuple(
            Overuse(match["resource"], match["where"], int(match["required"]), int(match["available"]))
            for match in found
        ),
        clbs_in_pblock=int(clbs["total"]) if clbs else None,
        clbs_available=int(clbs["available"]) if clbs else None,
        clbs_required=int(clbs["required"]) if clbs else None,
        congestion_level=int(congestion["level"]) if congestion else None,
    )
    return None if facts == FailureFacts() else facts


def _first(pattern: re.Pattern[str], errors: tuple[Message, ...]) -> re.Match[str] | None:
    return next((found for error in errors if (found := pattern.search(error.text))), None)
