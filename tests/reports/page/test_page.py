"""The page of a build: one file that loads nothing, and in which no text is ever markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

from page_build import FOLDER, HOSTILE

from reports.page.course import course_of
from reports.page.curve import curves_of
from reports.page.pipeline import _shares
from reports.page.write import write_page
from reports.summary.build import read_build


class Tags(HTMLParser):
    """The elements of a page with the names of their attributes, and all text between them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes) -> None:
        self.found.append((tag, tuple(name for name, _ in attributes)))
        self.values += [value for _, value in attributes if value is not None]

    def handle_data(self, data) -> None:
        self.text.append(data)


def test_hostile_names_change_no_element(make_page) -> None:
    plain = Tags(make_page([f"block{number}" for number in range(len(HOSTILE))]).read_text("utf-8"))
    text = make_page(list(HOSTILE)).read_text("utf-8")
    hostile = Tags(text)
    assert hostile.found == plain.found
    for name in HOSTILE[:6]:
        assert any(name in part for part in hostile.text), name
    # Control characters are written out, also those that turn the direction of a text.
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "\\x1b[31mred" in text
    assert "49" not in "".join(part for part in hostile.text if "conv" in part and "*" in part)


def test_the_values_are_embedded_and_beside(make_page) -> None:
    path = make_page(list(HOSTILE))
    (data,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL
    )
    embedded = json.loads(data)
    assert embedded == json.loads(path.with_name("page.json").read_text("utf-8"))
    # JSON stays exact: programs read it.
    assert [block["block"] for block in embedded["report"]["blocks"]] == list(HOSTILE)
    assert embedded["report"]["gates"][0]["passed"] is False


def test_nothing_is_loaded_and_the_policy_names_the_digests(make_page) -> None:
    text = make_page(["a", "b"]).read_text("utf-8")
    tags = Tags(text)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"}.intersection(tag for tag, _ in tags.found)
    assert not {"src", "style", "onclick", "onload"}.intersection(name for _, names in tags.found for name in names)
    assert all(value.startswith("#") for value in re.findall(r'href="([^"]*)"', text))
    assert "url(" not in text
    assert "http:" not in text
    assert "https:" not in text
    (policy,) = [value for value in tags.values if value.startswith("default-src")]
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_what_the_page_says(make_page) -> None:
    words = " ".join(Tags(make_page(["a", "b"]).read_text("utf-8")).text)
    # 40 tiles of BRAM are the budget, 50 are used.
    assert "50 of 40 (125 %)" in words
    assert "1,234 wires cross, of 23,040" in words
    # The slowest block needs 4,010 cycles; at 200 MHz that is 49,875 images/s.
    assert "~49,875 " in words + " "
    assert "busy 60 %, starved 30 %, blocked 10 %" in words
    # 200 MHz by the 4,100 cycles of the simulated kernel.
    assert "fps >= 99999: failed, 48780.487805" in words
    assert "No order of these steps takes less than 55.0 s" in " ".join(words.split())


def test_a_kernel_that_was_simulated_with_another_core_is_not_shown(make_page, tmp_path: Path) -> None:
    make_page(["a", "b"])
    file = tmp_path / "checkout" / FOLDER / "kernel/values.json"
    file.write_text(file.read_text().replace("core b", "core before"))
    path = write_page(tmp_path / "checkout", FOLDER, read_build(tmp_path / "checkout", FOLDER))
    assert "starved 30 %" not in path.read_text("utf-8")


def test_without_a_history_a_fit_and_a_simulation(make_page, tmp_path: Path) -> None:
    make_page(["a"])
    for name in ("fit.json", "kernel/values.json"):
        (tmp_path / "checkout" / FOLDER / name).unlink()
    for path in (tmp_path / "data").rglob("*.json"):
        path.unlink()
    path = write_page(tmp_path / "checkout", FOLDER, read_build(tmp_path / "checkout", FOLDER))
    words = " ".join(" ".join(Tags(path.read_text("utf-8")).text).split())
    assert "No build that ran a step is in the history yet" in words
    assert "Which block goes to which SLR is not known here" in words


def test_a_page_of_the_size_of_resnet50(make_page) -> None:
    path = make_page([f"res{number}a" for number in range(60)])
    assert path.stat().st_size < 400_000
    script = Path(__file__).parents[3] / "reports/page/page.js"
    assert len(script.read_text().splitlines()) <= 400


def test_steps_that_overlap_are_in_different_rows() -> None:
    runs = [("a", 0.0, 4.0), ("b", 1.0, 2.0), ("c", 3.0, 1.0), ("d", 4.0, 4.0)]
    build = {
        "wall_s": 8.0,
        "bound": {"critical_s": 8.0, "work_s": 5.5, "path": ["a", "d"], "slots": 2},
        "runs": [{"name": n, "begun_s": b, "took_s": t, "how": "finished", "why": ""} for n, b, t in runs],
    }
    course = course_of(build)
    assert course is not None
    assert [(step.name, step.lane) for step in course.steps] == [("a", 0), ("b", 1), ("c", 1), ("d", 0)]
    assert [(step.x, step.width) for step in course.steps][3] == (50.0, 50.0)
    assert [step.critical for step in course.steps] == [True, False, False, True]
    assert (course.lanes, course.least_percent) == (2, 100.0)


def test_a_curve_and_shares() -> None:
    (curve,) = curves_of([{"value": "v", "points": [[1, 10, "", "c"], [2, 30, "", "c"], [3, 20, "~", "d"]]}])
    # The box is 40 high with an edge of 3: the lowest value lies at 37, the highest at 3, the middle at 20.
    assert curve.points == "0,37 50,3 100,20"
    assert (curve.newest, curve.change, curve.lowest, curve.highest) == ("~20", "-10, -33.33 %", "10", "30")
    assert _shares({"busy": 1, "starved": 1, "blocked": 2}) == (25.0, 25.0, 50.0)
    assert _shares({"busy": 0, "starved": 0, "blocked": 0}) == (None, None, None)
