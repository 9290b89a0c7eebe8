"""doit's own commands on groups, because people type groups."""

from __future__ import annotations

import json

import pytest

# Two cores by the setting in `width`, each known by the name of its block too; `end` reads the core's output.
FLOW = """
BUILD = ["end"]
WIDTH = Path("width").read_text()

def task_core():
    yield task(copy(f"core:{WIDTH}", "a", f"build/main/core/{WIDTH}/out"), doc="x")
    yield {"name": "block", "actions": None, "task_dep": [f"core:{WIDTH}"], "doc": f"= core:{WIDTH}"}
    yield task(copy("core:other", "a", "build/main/core/other/out"), doc="x")

def task_end():
    yield task(copy("end", f"build/main/core/{WIDTH}/out", "build/main/end", tools=(Tool("cp", "9.1"),)), doc="x")
"""


@pytest.fixture
def built(checkout):  # type: ignore[no-untyped-def]
    checkout.write("a", "A")
    checkout.write("width", "w8")
    # The logs are at the same place as in a real flow.
    checkout.dodo(
        FLOW.replace("copy(", "placed(").replace(
            "def task_core",
            "def placed(name, source, target, **more):\n"
            "    from dataclasses import replace\n"
            "    return replace(copy(name, source, target, **more), log=f'{target}.log')\n\ndef task_core",
        )
    )
    checkout.doit()
    return checkout


class TestStatus:
    def test_a_group_is_current_if_it_would_run_nothing(self, built) -> None:
        assert "status     : up-to-date" in built.doit("info", "core:block")
        assert "status     : up-to-date" in built.doit("info", "build")
        (built.folder / "build/main/core/w8/out").unlink()
        output = built.doit("info", "core:block", status=1)
        assert "status     : run\n * Not up to date:\n    - core:w8\n" in output
        assert "has no dependencies" not in output
        # A group needs more than the tasks that it names: the task for `end` reads the lost file.
        assert " * Not up to date:\n    - core:w8\n" in built.doit("info", "build", status=1)

    def test_list(self, built) -> None:
        def states() -> dict[str, str]:
            lines = built.doit("list", "--all", "-s").splitlines()
            return {line.split()[1]: line.split()[0] for line in lines}

        assert states() == {
            **{"build": "U", "core": "R", "core:block": "U", "core:other": "R", "core:w8": "U", "end": "U"}
        }
        built.write("a", "B")
        assert states()["build"] == "R"

    def test_info_of_a_step_is_made_of_lines(self, built) -> None:
        output = built.doit("info", "end")
        assert "\ncommand    : \n - cp in out\n" in output
        assert "\ntools      : \n - cp 9.1\n" in output
        assert "\noccupies   : \n - 1 core, 1 GiB\n" in output
        assert "Step(" not in output


class TestForget:
    def test_a_group_stands_for_its_members(self, built) -> None:
        assert built.doit("forget", "core:block") == "forgetting core:block\nforgetting core:w8\n"
        assert built.made() == {"core:w8"}

    def test_a_word_that_is_no_task(self, built) -> None:
        for command in ("forget", "clean", "info", "list", "ignore", "log"):
            output = built.doit(command, "core:blok", status=3)
            assert output == "ERROR: there is no task or target 'core:blok'; did you mean 'core:block'?\n"


class TestIgnore:
    def test_a_group_stands_for_its_members(self, built) -> None:
        assert built.doit("ignore", "core:block") == "ignoring core:block\nignoring core:w8\n"
        assert "1 ignored" in built.doit("plan", "core:w8")

    def test_without_a_task(self, built) -> None:
        assert "needs the name of a task" in built.doit("ignore", status=3)


class TestClean:
    def test_a_group_stands_for_its_members_and_empty_folders_go(self, built) -> None:
        built.doit("clean", "core:block")
        assert not built.exists("build/main/core")
        assert built.exists("build/main/end")

    def test_cores_of_an_earlier_setting_go_with_all(self, built) -> None:
        built.write("build/main/core/w8/notes", "by hand")
        built.write("width", "w16")
        built.doit()
        said = "core:w8 (of earlier settings) - remove build/main/core/w8/out, build/main/core/w8/out.log\n"
        assert said in built.doit("clean", "-n")
        assert built.exists("build/main/core/w8/out")
        assert "earlier" not in built.doit("clean", "end")
        assert said in built.doit("clean")
        assert [path.name for path in (built.folder / "build/main/core/w8").iterdir()] == ["notes"]
        assert not built.exists("build/main/core/w16")
        # The store has them all.
        built.write("width", "w8")
        assert built.ran() == set()
        assert built.read("build/main/end") == "A"

    def test_another_build_is_left_alone(self, built) -> None:
        record = json.loads((built.folder / "build/.farm/records/build/main/core/w8/out.json").read_text())
        item = record["outputs"].pop("build/main/core/w8/out")
        for target in ("build/other/out", "build/main/../../precious"):
            built.write(target, "x")
            document = {**record, "outputs": {target: item}, "log": "dodo.py"}
            built.write(f"build/.farm/records/{target}.json", json.dumps(document))
        built.doit("clean")
        assert built.exists("build/other/out")
        assert built.exists("precious")
        assert built.exists("dodo.py")
