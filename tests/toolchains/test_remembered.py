"""What a build that a signal ended leaves in the history: what it ran, and no value of what it has not built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from blocks.network import find_network
from config.settings import Settings
from integration.platform import find_platform
from reports.history.folder import History
from reports.history.revision import project_of
from toolchains.common.build import Build
from toolchains.questions import remember


def test_an_interrupted_build(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    network = find_network("digits")
    # What the vitis toolchain fills in for display is no plain value, and comes from the network's file.
    plain, key = Settings.defaults(), "vitis.view"
    # A list may name a licence server as well as a text may.
    given = {key: network.views, "vitis.words": ("2100@licences.example.org", 3)}
    values, origins = {**plain.values, **given}, {**plain.origins, **dict.fromkeys(given, "farm.yaml")}
    settings = replace(plain, values=values, origins=origins)
    build = Build("open", tmp_path, network, find_platform("u250"), "sw_emu", 250.0, settings)
    core = network.cores()["res2a"].name
    run = {"name": f"hls:{core}", "where": "", "begun_s": 0.1, "took_s": 1.0, "how": "interrupted", "why": ""}
    account = {
        "folder": build.folder,
        "began_s": 1.7e9,
        "wall_s": 1.2,
        "outcome": "interrupted",
        "tasks": {"ran": 0, "restored": 0, "current": 0, "failed": 0},
        "runs": [run],
        "bound": {"critical_s": 0.0, "work_s": 0.0, "path": [], "slots": 2},
        "results": [],
        "machine": {},
    }
    assert remember(SimpleNamespace(build=build), (), account) == ""  # type: ignore[arg-type]
    history = History.of(project_of(tmp_path))
    (name,) = history.names()
    entry = history.read(name)
    assert (entry.outcome, entry.folder, entry.amounts) == ("interrupted", "build/digits/open-sw_emu", {})
    assert entry.document["runs"] == [run]
    assert (entry.document["network"], entry.document["platform"]) == ("digits", "u250")
    assert entry.document["blocks"]["res2a"]["core"] == core
    assert entry.document["settings"]["vitis.view"] == "rtl"
    text, number = entry.document["settings"]["vitis.words"]
    assert ("licences.example.org" in text, number) == (False, 3)
    assert not (tmp_path / "build").exists(), "no page of half a build, and no estimate for one"
