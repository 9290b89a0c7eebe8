"""`docs/network_file.md` lists every key that the reader takes, and for each the errors that the reader gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from blocks.layers.base import Key
from blocks.layers.reader import NOT_SUPPORTED_KEYS
from blocks.reference.render import errors, render, rows
from blocks.reference.samples import FIFOS, FOLDING, Place, problems, read, sample, text_of, with_value, without
from blocks.reference.tables import TABLES, Table
from config.document import Section

PAGE = Path(__file__).resolve().parents[2] / "docs/network_file.md"
BY_TITLE = {table.title: table for table in TABLES}
KEYS = [(table, key) for table in TABLES for key in table.keys]


def _id(value: object) -> str | None:
    return value.title if isinstance(value, Table) else value.name if isinstance(value, Key) else None


@pytest.mark.slow
def test_the_page_is_what_the_reader_says() -> None:
    """A listed wrong value without an error at its own line ends this with an IndexError."""
    assert PAGE.read_text("utf-8") == render(), "write it anew: python -m blocks.reference > docs/network_file.md"


@pytest.mark.parametrize("name", sorted({place.sample for table in TABLES for place in table.places}))
def test_the_samples_are_right(name: str) -> None:
    assert problems(name, sample(name)) == []


def test_the_reader_asks_for_the_listed_keys_and_no_others(monkeypatch) -> None:
    """Every mapping of the samples notes which keys the reader has looked up in it."""
    asked: dict[tuple[str, int], set[str]] = {}
    plain = Section._written

    def noted(self: Section, key: str) -> bool:
        if self.node.end_mark.index > self.node.start_mark.index:  # stands in the file: basic blocks make others
            asked.setdefault((name, self.node.start_mark.index), set()).add(key)
        return plain(self, key)

    monkeypatch.setattr(Section, "_written", noted)
    for table in TABLES:
        if table.places[0].sample in (FOLDING, FIFOS):
            continue  # two files are read then
        found: set[str] = set()
        for place in table.places:
            asked.clear()
            name = place.sample
            data = _with_all(place, (*table.keys, *table.shared))
            problems(name, data)
            node: Any = yaml.compose(text_of(data))
            for step in place.path:
                node = node.value[step] if isinstance(step, int) else dict_of(node)[step]
            found |= asked[name, node.start_mark.index]
        listed = {key.name for key in (*table.keys, *table.shared)}
        if table.title.startswith("Every "):
            assert listed <= found
        else:
            assert found == listed, table.title


def _with_all(place: Place, keys: tuple[Key, ...]) -> dict[str, Any]:
    """The sample, with the optional mappings of the place that it lacks: the reader looks only at those that stand."""
    data = sample(place.sample)
    here: Any = data
    for step in place.path:
        here = here[step]
    for key in keys:
        if key.form == "mapping" and key.name not in here and key.name != "join":
            here[key.name] = {}
    return data


def dict_of(node: yaml.MappingNode) -> dict[str, Any]:
    return {key.value: value for key, value in node.value}


@pytest.mark.parametrize("table", TABLES, ids=_id)
def test_a_key_that_is_not_listed_is_refused(table: Table) -> None:
    (problem,) = errors(table.places[0], "colour", 1)
    assert problem.what.startswith("unknown key 'colour'")


def test_required_keys_are_missed() -> None:
    for table, key in KEYS:
        if key.required:
            place = table.places[0]
            found = [each.what for each in problems(place.sample, without(place, key.name))]
            if key.name in ("blocks", "folding_of"):
                assert found  # asked for as another kind of file
                continue
            assert any(what.startswith(f"'{key.name}' is missing") for what in found), (table.title, key.name, found)


def test_the_limits_in_the_tables_are_those_of_the_messages() -> None:
    for table, key in KEYS:
        if key.form in ("integer", "size") and not key.choices:
            low = errors(table.places[0], key.name, (key.minimum or 0) - 1)[0]
            assert low.remedy == f"give at least {key.minimum}", (table.title, key.name)
            if key.maximum is not None:
                high = errors(table.places[0], key.name, key.maximum + 1)[0]
                assert high.remedy == f"give at most {key.maximum}", (table.title, key.name)


@pytest.mark.nightly
def test_defaults_are_those_of_the_tables() -> None:
    """A network file that leaves a key out describes the network of one that writes its default."""
    for table, key in KEYS:
        if key.default is None or key.required or (key.form == "integer" and key.default < (key.minimum or 0)):
            continue
        place, default = table.places[0], list(key.default) if key.form == "pad" else key.default
        one, other = (
            read(place.sample, data) for data in (without(place, key.name), with_value(place, key.name, default))
        )
        assert (one.blocks, one.image, one.views) == (other.blocks, other.image, other.views), (table.title, key.name)


@pytest.mark.parametrize("key", NOT_SUPPORTED_KEYS)
def test_keys_of_other_frameworks(key: str) -> None:
    place = BY_TITLE["Layer of type `convolution`"].places[0]
    assert problems(place.sample, with_value(place, key, 1)) == []
    (problem,) = errors(place, key, 4)
    assert problem.what == f"not supported: {NOT_SUPPORTED_KEYS[key][0]} ({key}: 4)"


@pytest.mark.parametrize("text", ["a [b, c] d", "[default: x]", "a | b", "a\nb", "`|`", "x [", "]"])
def test_no_text_tears_its_row(text: str) -> None:
    """A row has five cells in any renderer: one ends at a bar that nothing escapes."""
    place = TABLES[0].places[0]
    key = Key("labels", "texts", f"about {text}", None, otherwise=f"else {text}")
    (row,) = list(rows(Table("t", "", (key,), (place,), {})))[2:]
    cells = re.split(r"(?<!\\)\|", row)
    assert len(cells) == 7
    assert [cells[2].strip(), cells[4].strip()] == [
        f"{head} {text}".replace("|", "\\|").replace("\n", " ") for head in ("about", "else")
    ]


def test_what_counts_without_a_key_stands_in_a_field_of_its_own() -> None:
    assert not [key for table in TABLES for key in (*table.keys, *table.shared) if "[default" in key.about]
