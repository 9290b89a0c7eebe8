"""A dodo.py must pass settings and redaction to the farm in DOIT_CONFIG; leaving one out is an error."""

from __future__ import annotations

import pytest

LINK = """
BUILD = ["link"]
def task_link():
    yield task(copy("link", "a", "build/out"), doc="x")
"""
COMMANDS = (("run",), ("plan",), ("why", "link"), ("repro", "link"), ("config",), ("cache", "stats"))


@pytest.fixture
def link(checkout):
    checkout.write("a", "A")
    return checkout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "DOIT_CONFIG has no settings; write doit_config(FOLDER, settings=SETTINGS, ...)"),
        ("redaction=NOTHING_PRIVATE", "DOIT_CONFIG has no settings"),
        ("settings=SETTINGS", "DOIT_CONFIG has no redaction; write doit_config(FOLDER, redaction=REDACTION, ...)"),
        ("settings=SETTINGS, redaction=str.strip", "DOIT_CONFIG has a method_descriptor as its redaction"),
        ("settings={'farm.slots': 1}, redaction=NOTHING_PRIVATE", "DOIT_CONFIG has a dict as its settings"),
    ],
)
def test_what_is_not_passed_is_an_error(link, arguments: str, told: str) -> None:
    link.dodo(f"DOIT_CONFIG = doit_config('build/main', {arguments})\n" + LINK)
    shown = link.doit("list", status=3)
    assert told in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize("lost", ["settings", "redaction"])
def test_every_command_that_needs_them_asks_for_them(link, words: tuple[str, ...], lost: str) -> None:
    link.dodo(f"DOIT_CONFIG.pop('{lost}')\n" + LINK)
    shown = link.doit(*words, status=3)
    assert f"DOIT_CONFIG has no {lost}" in shown
    assert "Traceback" not in shown
    assert not link.exists("build/out")


WITHIN = """
class BUILD_OF:
    settings = load_settings(Path.cwd(), {"farm": FarmSettings}, command_line_words(sys.argv[1:]))
del SETTINGS
"""


def test_settings_within_another_object_count(link) -> None:
    passed = "DOIT_CONFIG = doit_config('build/main', settings=BUILD_OF.settings, redaction=NOTHING_PRIVATE)\n"
    link.dodo(WITHIN + passed + LINK)
    assert "farm.slots" in link.doit("config", "farm.slots=7")
    (line,) = [line for line in link.doit("config", "farm.slots=7").splitlines() if line.startswith("farm.slots")]
    assert line.split()[1:4] == ["7", "command", "line"]
    link.doit(f"farm.store={link.folder}/own_store")
    assert list((link.folder / "own_store").glob("ac/*/*")), "the setting leads the build too"


def test_settings_within_another_object_are_not_looked_for(link) -> None:
    link.dodo(WITHIN + "DOIT_CONFIG = doit_config('build/main', settings=BUILD_OF, redaction=NOTHING_PRIVATE)\n" + LINK)
    assert "DOIT_CONFIG has a type as its settings" in link.doit(status=3)
