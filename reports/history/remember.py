"""What enters a build into the history when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.settings import DEFAULT, Settings
from reports.history.amounts import Amount, Key
from reports.history.entry import Made, entry_document
from reports.history.folder import History
from reports.history.revision import project_of, revision_of
from reports.logs.redaction import redact

if TYPE_CHECKING:
    from reports.summary.build_report import BuildReport

#: Sections that say how this machine builds, and not what.
_MACHINES = ("farm.",)


def remember(root: Path, account: Mapping[str, Any], settings: Settings, report: BuildReport) -> None:
    """Write the entry of a build with the values of its report, and bring the index up to date. Raises OSError."""
    from reports.history.built import amounts_of, made_of  # noqa: PLC0415 - a build that was interrupted needs neither
    from reports.history.index import Index  # noqa: PLC0415

    history = _enter(root, account, settings, made_of(report), amounts_of(report))
    # The index is only brought up to date: if it cannot be used, the command that needs it says so.
    Index(history, lambda text: None).close()


def remember_interrupted(root: Path, account: Mapping[str, Any], settings: Settings, made: Made) -> None:
    """Write the entry of a build that a signal ended: what it ran. It reads no report, as there is no time.

    Raises OSError.
    """
    _enter(root, account, settings, made, {})


def _enter(
    root: Path, account: Mapping[str, Any], settings: Settings, made: Made, amounts: Mapping[Key, Amount]
) -> History:
    chosen = {
        name: _plain(value)
        for name, value in settings.values.items()
        if not name.startswith(_MACHINES) and ("." not in name or settings.origin(name) != DEFAULT)
    }
    history = History.of(project_of(root))
    history.add(entry_document(account, made, amounts, revision_of(root), chosen))
    return history


def _plain(value: object) -> Any:
    """A setting's value for JSON. What a toolchain filled in for display, as the views of cores, is text there too."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return redact(str(value))
