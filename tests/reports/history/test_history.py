"""The history: immutable files, an index that can be lost, trends, and what differs between builds."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config.settings import Settings
from reports.history import folder as history_folder
from reports.history.amounts import name_of
from reports.history.choice import sides_of
from reports.history.difference import changes
from reports.history.folder import History
from reports.history.growth import check, limits_of, parse_limit
from reports.history.index import Index, on_network
from reports.history.revision import Revision, change_words, commits, project_of, revision_of
from reports.history.sides import Side, SideError, of_entry, of_folder
from reports.history.trend import Trend, trend_page
from reports.summary.gates import GateError

FOLDER = "build/n/open-sw_emu"
COMMIT = "1" * 40


def entry(began_s: float = 1e9, luts: float = 100, **more) -> dict:
    """An entry as the README of the format describes it, with one block."""
    core = {"folding": {"conv.pe": more.pop("pe", "16")}, "tools": {"Yosys": more.pop("yosys", "0.70")}}
    document = {
        "format": 1, "folder": FOLDER, "began_s": began_s, "wall_s": 1.5, "outcome": "passed",
        "revision": {"commit": COMMIT, "dirty": False}, "tools": {},
        "blocks": {"res2a": {"core": "c1", "slrs": ["slr0"], "weights": more.pop("weights", "w1")}},
        "cores": {"c1": {**core, "made_of": more.pop("made_of", "m1")}},
        "values": {"res2a": {"luts": luts}, "": {"luts": luts + 900, "ii_cycles": 50}},
        "marks": {"res2a": {"luts": "~"}},
    }  # fmt: skip
    return document | more


@pytest.fixture
def history(tmp_path) -> History:
    return History(tmp_path / "data" / "history" / "p")


def index_of(history: History, said: list[str] | None = None) -> Index:
    place = history.folder.parents[2] / "cache"
    place.mkdir(exist_ok=True)
    return Index(history, (said if said is not None else []).append, place)


def test_a_file_is_never_changed_and_only_its_user_reads_it(history) -> None:
    first, second = history.add(entry(1e9)), history.add(entry(1e9))
    assert first != second
    assert history.names() == sorted([first, second])
    for path in history.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(history.folder.stat().st_mode) == 0o700
    # 1e9 seconds after 1970, by any calendar.
    assert first.startswith("20010909T014640-000-")


def test_the_oldest_files_go_first(history, monkeypatch) -> None:
    monkeypatch.setattr(history_folder, "MOST_FILES", 3)
    names = [history.add(entry(1e9 + n)) for n in range(5)]
    assert history.names() == names[2:]
    size = len((history.folder / f"{names[-1]}.json").read_bytes())
    monkeypatch.setattr(history_folder, "MOST_BYTES", 2 * size)
    names.append(history.add(entry(1e9 + 9)))
    assert history.names() == names[-2:]


def test_the_index_is_made_anew_when_it_is_gone_or_damaged(history) -> None:
    for n in range(3):
        history.add(entry(1e9 + n, luts=100 + n))
    said: list[str] = []
    index_of(history, said).close()
    (database,) = (history.folder.parents[2] / "cache").glob("*.db")
    before = [amount.value for _, amount in index_of(history).trend(FOLDER, ("res2a", "luts"))]
    assert before == [100, 101, 102]
    for damage in (b"", b"not a database" * 400, database.read_bytes()[:5000] + b"\xff" * 9000):
        database.write_bytes(damage)
        index = index_of(history, said)
        assert [amount.value for _, amount in index.trend(FOLDER, ("res2a", "luts"))] == before
        index.close()
    assert sum("set aside as p.db.aside-" in text for text in said) == 2
    database.unlink()
    assert len(index_of(history, said).builds(FOLDER)) == 3


def test_an_index_with_a_view_or_of_another_version_is_set_aside(history) -> None:
    history.add(entry())
    index_of(history).close()
    (database,) = (history.folder.parents[2] / "cache").glob("*.db")
    for statement in ("CREATE VIEW v AS SELECT 1", "PRAGMA user_version = 7"):
        with sqlite3.connect(database) as connection:
            connection.execute(statement)
        connection.close()
        said: list[str] = []
        assert len(index_of(history, said).builds()) == 1
        assert "set aside" in said[0]


def test_two_farms_at_once(history) -> None:
    def farm(number: int) -> int:
        for n in range(5):
            history.add(entry(1e9 + number * 10 + n))
            index_of(history).close()
        return len(index_of(history).builds())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(farm, range(4)))
    said: list[str] = []
    assert len(index_of(history, said).builds()) == 20
    assert said == []


def test_a_file_that_cannot_be_read_is_said_and_left_out(history, tmp_path) -> None:
    good = history.add(entry(1e9))
    for number, text in enumerate((b"{", b"[1]", b'{"format": 99}', b"\xff\xfe", b"")):
        (history.folder / f"20010909T01464{number}-111-0000000{number}.json").write_bytes(text)
    (history.folder / "20010909T014649-111-00000009.json").symlink_to("/etc/passwd")
    os.mkfifo(history.folder / "20010909T014648-111-00000008.json")
    said: list[str] = []
    assert [line.name for line in index_of(history, said).builds()] == [good]
    assert any("has format 99; this version knows 1; update it" in text for text in said)
    assert any("left out of the history" in text and "(and 5 more)" in text for text in said)


def test_damaged_entries_raise_nothing(history) -> None:
    """Bytes changed at random, and values that are legal JSON and no value of an entry."""
    draw = random.Random(3)
    good = json.dumps(entry()).encode()
    documents = [
        entry(1e300),
        entry(-1),
        entry(folder="\ud800"),
        entry(values={"\udfff": {"luts": 1}}),
        entry(values=[]),
    ]
    documents += [
        entry(values={"": {"luts": 10**400}}),
        entry(revision={"commit": 5}),
        entry(folder=None),
        entry(marks=3),
        entry(marks={"": {"luts": "\ud800"}}),
    ]
    texts = [json.dumps(document).encode() for document in documents]
    for _ in range(150):
        changed = bytearray(good)
        for _ in range(draw.randrange(1, 6)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        texts.append(bytes(changed[: draw.randrange(len(changed))] if draw.random() < 0.2 else changed))
    history.folder.mkdir(parents=True)
    for number, text in enumerate(texts):
        (history.folder / f"20010909T014640-000-{number:08x}.json").write_bytes(text)
    index = index_of(history)
    for line in index.builds():
        assert of_entry(history.read(line.name)).title
        trend_page(Trend(index, line.folder, name_of(index.keys(line.folder)[0])), history, history.folder)


def test_network_disks_get_no_index() -> None:
    mounts = (
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:5 / /home rw shared:1 - nfs4 server:/home rw\n"
        "3 2 8:2 / /home/me/local\\040disk rw - xfs /dev/sdb rw\n"
    )
    assert on_network(Path("/home/me/.cache"), mounts)
    assert not on_network(Path("/home/me/local disk/x"), mounts)
    assert not on_network(Path("/var/tmp"), mounts)
    assert not on_network(Path("/homes"), mounts)


def sides(*documents: dict, history: History) -> tuple[Side, Side]:
    before, after = (of_entry(history.read(history.add(document))) for document in documents)
    return before, after


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"pe": "8"}, "conv.pe 16 -> 8"),
        ({"yosys": "0.71"}, "Yosys 0.70 -> 0.71"),
        ({"weights": "w2"}, "other weights"),
        ({"made_of": "m2"}, "its sources changed"),
    ],
)
def test_why_a_block_grew(history, other: dict, why: str) -> None:
    before, after = sides(entry(luts=100), entry(luts=150, **other), history=history)
    found = {one.key: one for one in changes(before, after)}
    assert set(found) == {("res2a", "luts"), ("", "luts")}
    assert found["res2a", "luts"].by == 50
    assert found["res2a", "luts"].why == (why,)
    assert found["", "luts"].why == ("changed blocks: res2a",)


def test_what_weighs_most_comes_first(history) -> None:
    # 40 of 1,090 LUTs are more than 1 of 50 cycles; the block's 40 are as many LUTs as the design's.
    one, two = entry(luts=150), entry(luts=190)
    two["values"][""]["ii_cycles"] = 51
    before, after = sides(one, two, history=history)
    assert [change.key for change in changes(before, after)] == [("", "luts"), ("res2a", "luts"), ("", "ii_cycles")]
    assert [round(change.weight, 4) for change in changes(before, after)] == [0.0367, 0.0367, 0.0196]


@pytest.mark.parametrize(
    ("text", "passed", "says"),
    [
        ("lut <= +5 %", True, "luts <= +5 %: passed, 1,000 -> 1,050 (+50, +5.00 %)"),
        ("lut <= +4.9 %", False, "luts <= +4.9 %: failed, 1,000 -> 1,050 (+50, +5.00 %)"),
        ("res2a.luts <= 49", False, "res2a.luts <= +49: failed, 100 -> 150 (+50, +50.00 %)"),
        ("*.lut <= +60 %", True, "*.luts <= +60 %: passed, 1 compared"),
        ("*.lut <= 0", False, "*.luts <= 0: res2a: failed, 100 -> 150 (+50, +50.00 %)"),
        ("ii_cycles <= 0", True, "ii_cycles <= 0: passed, 50 -> 50 (+0)"),
        ("wns_ns >= -0.1", False, "wns_ns >= -0.1: failed, A and B have no wns_ns"),
    ],
)
def test_limits_of_growth(history, text: str, passed: bool, says: str) -> None:
    before, after = sides(entry(luts=100), entry(luts=150), history=history)
    (verdict,) = check([parse_limit(text)], before.amounts, after.amounts)
    assert (verdict.passed, verdict.says) == (passed, says)


def test_a_stand_ins_figure_passes_no_limit(history) -> None:
    before, after = sides(entry(), entry(marks={"": {"luts": "!"}}), history=history)
    (verdict,) = check([parse_limit("lut <= +5 %")], before.amounts, after.amounts)
    assert not verdict.passed
    assert "invented by a stand-in" in verdict.says


@pytest.mark.parametrize("text", ["lut", "lut < 2 %", "lut <= two", "luxe <= 2", "lut == 2", "<= 2", "lut <= 2 % 3"])
def test_a_limit_that_cannot_be_read(text: str) -> None:
    with pytest.raises(GateError):
        parse_limit(text)


def test_all_wrong_limits_are_told_at_once(tmp_path) -> None:
    from dataclasses import replace

    from config.problem import ConfigError

    settings = Settings.defaults()
    settings = replace(settings, build=replace(settings.build, diff_gates=("lut <= 2", "x", "lux <= 2")))
    with pytest.raises(ConfigError) as caught:
        limits_of(settings)
    assert str(caught.value).count("\n") == 1
    assert "'x' is not a limit of growth" in str(caught.value)


def repository(folder: Path) -> list[str]:
    """A repository with three commits; returns them, the oldest first."""
    folder.mkdir()

    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    made = []
    for number in range(3):
        (folder / "a").write_text(str(number))
        git("add", "a")
        git("commit", "-q", "-m", f"change {number}\n\nbody")
        made.append(git("rev-parse", "HEAD"))
    git("tag", "good", made[1])
    return made


def test_the_commit_that_changed_a_value(tmp_path) -> None:
    one, two, three = repository(tmp_path / "r")
    known = commits(tmp_path / "r", [two, three, "f" * 40, None])
    assert set(known) == {two, three}
    clean = [Revision(commit, False) for commit in (one, two, three)]
    assert change_words(clean[0], clean[1], known) == f"{two[:10]}: change 1"
    assert change_words(clean[0], clean[2], known) == f"a commit after {one[:10]}, up to {three[:10]}: change 2"
    assert change_words(clean[1], Revision(two, True), known) == f"files that are not committed, on {two[:10]}"
    assert change_words(clean[1], Revision(None, None), known) == "without git nobody knows the commit"


def test_clones_share_a_history_and_folders_without_git_have_their_own(tmp_path) -> None:
    one, _, three = repository(tmp_path / "r")
    subprocess.run(["git", "clone", "-q", "r", "c"], cwd=tmp_path, check=True)
    assert project_of(tmp_path / "r") == project_of(tmp_path / "c") == one[:20]
    assert revision_of(tmp_path / "c") == Revision(three, False)
    (tmp_path / "c" / "new").touch()
    assert revision_of(tmp_path / "c") == Revision(three, True)
    (tmp_path / "plain").mkdir()
    if revision_of(tmp_path).commit is None:  # else the folder of all tests lies in a repository
        assert project_of(tmp_path / "plain").startswith("path-")
        assert revision_of(tmp_path / "plain") == Revision(None, None)


def test_words_of_diff(history, tmp_path) -> None:
    one, two, three = repository(tmp_path / "r")
    for number, commit in enumerate((one, two, two)):
        history.add(entry(1e9 + number, luts=number, revision={"commit": commit, "dirty": number == 2}))
    index = index_of(history)

    def values(*words: str) -> list[float]:
        found = sides_of(words, tmp_path / "r", FOLDER, history, index)
        return [side.amounts["res2a", "luts"].value for side in found]

    assert values() == [1, 2]
    assert values("last~2") == [0, 2]
    # Of a revision the build without changed files counts, although it is older.
    assert values(one[:8], "good") == [0, 1]
    assert values(history.names()[1], history.names()[0][-8:]) == [1, 0]
    for words, told in (
        ((three[:12],), "is in the history; check it out and build it"),
        (("nonsense",), "'nonsense' is no build, no revision that git knows, and no folder"),
        (("--output=x",), "is no build"),
        (("last~9",), "the history has 3 builds"),
        ((str(tmp_path),), "holds no report with an amount"),
        ((str(tmp_path / "r" / "a"),), "is a file"),
    ):
        with pytest.raises(SideError, match=told):
            values(*words)


def test_a_trend_names_the_changes_and_a_wrong_name_the_right_one(history) -> None:
    for number, luts in enumerate((5, 5, 7, 7, 5)):
        history.add(entry(1e9 + number, luts=luts))
    history.add(entry(1e9 + 9, folder="build/other/open-sw_emu", luts=1))
    index = index_of(history)
    found = Trend(index, FOLDER, "res2a.lut")
    assert [(old[1].value, new[1].value) for old, new in found.changes] == [(5, 7), (7, 5)]
    with pytest.raises(SideError, match=r"write 'res2a.luts'|did you mean 'res2a.luts'|res2a.luts"):
        Trend(index, FOLDER, "res2a.lits")
    with pytest.raises(SideError, match="is in the history yet"):
        Trend(index, "build/none/open-sw_emu", "lut")


SHARED = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real reports (../shared) are not beside the checkout")
def test_two_folders_of_anybodys_reports(tmp_path) -> None:
    """A real utilization report, and the same with one number changed by hand."""
    source = next(path for path in sorted((SHARED / "utilization").iterdir()) if "Slice LUTs" in path.read_text())
    text = source.read_text()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "util.rpt").write_text(text)
    line = next(line for line in text.splitlines() if line.startswith(("| Slice LUTs", "| CLB LUTs")))
    used = line.split("|")[2]
    more = str(int(used) + 21).rjust(len(used) - 1) + " "
    (tmp_path / "b" / "util.rpt").write_text(text.replace(line, line.replace(used, more, 1)))
    found = changes(of_folder(tmp_path / "a"), of_folder(tmp_path / "b"))
    assert {(change.key[1], change.by) for change in found} == {("luts", 21)}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real reports (../shared) are not beside the checkout")
def test_two_runs_of_one_design_are_not_mixed(tmp_path) -> None:
    """A real report in two runs' folders, one of them with other LUTs: both are there, under names of their own."""
    source = next(path for path in sorted((SHARED / "utilization").iterdir()) if "Slice LUTs" in path.read_text())
    text = source.read_text()
    line = next(line for line in text.splitlines() if line.startswith(("| Slice LUTs", "| CLB LUTs")))
    used = line.split("|")[2]
    more = str(int(used) + 21).rjust(len(used) - 1) + " "
    for side in ("a", "b"):
        for run in ("impl_1", "impl_2"):
            place = tmp_path / side / "p.runs" / run
            place.mkdir(parents=True)
            other = side == "b" and run == "impl_2"
            (place / "util.rpt").write_text(text.replace(line, line.replace(used, more, 1)) if other else text)
    before, after = of_folder(tmp_path / "a"), of_folder(tmp_path / "b")
    counts = [sorted(one.value for key, one in side.amounts.items() if key[1] == "luts") for side in (before, after)]
    assert counts == [[int(used)] * 2, [int(used), int(used) + 21]]
    assert "the first of 2 designs" in before.notes[0]


def test_the_files_are_plain_json(history) -> None:
    name = history.add(entry())
    assert json.loads((history.folder / f"{name}.json").read_text())["format"] == 1


def test_a_build_that_a_signal_ended_is_listed_and_compared_with_nothing(history) -> None:
    whole = [history.add(entry(1e9 + n, luts=100 + n)) for n in range(2)]
    other = COMMIT.replace("1", "2")
    half = history.add(entry(1e9 + 9, outcome="interrupted", values={}, marks={}, revision={"commit": other}))
    index = index_of(history)
    assert [line.name for line in index.builds(FOLDER)] == [*whole, half]
    assert [line.name for line in index.builds(FOLDER, last=1, whole=True)] == whole[1:]
    assert index.of_revision(FOLDER, other) is None
    before, after = sides_of((), Path("/"), FOLDER, history, index)
    assert (before.amounts["res2a", "luts"].value, after.amounts["res2a", "luts"].value) == (100, 101)
    assert len(index.trend(FOLDER, ("res2a", "luts"))) == 2
    assert ("res2a", "luts") in index.keys(FOLDER)
