"""Words after `doit`: those that are refused, and doit's own commands."""

from __future__ import annotations

import re
import resource

import pytest

FOLDER = "build/digits/open-sw_emu"
BLOCKS = ["preres", "res2a", "res2b", "res3a", "res3b", "postres"]


class TestWrongWords:
    @pytest.fixture
    def refused(self, built):
        """Return a function that runs doit and returns its message; it checks that nothing was built."""

        def run(*words: str) -> str:
            before = built.files()
            output = built.doit(*words, status=3)
            assert built.files() == before
            assert "Traceback" not in output
            return output

        return run

    @pytest.mark.parametrize(
        ("words", "message", "remedy"),
        [
            (["build", "network=digit"], "command line: there is no network called 'digit'", "did you mean 'digits'?"),
            (["build", "network=alexnet"], "there is no network called 'alexnet'", "known: digits"),
            (["build", "netwrok=digits"], "unknown variable 'netwrok'", "did you mean 'network'?"),
            (["build", "target=sw-emu"], "'target' cannot be 'sw-emu'", "did you mean 'sw_emu'?"),
            (["build", "target=hw"], "toolchain open does not reach target hw", "vitis"),
            (["build", "toolchain=opne"], "'toolchain' cannot be 'opne'", "did you mean 'open'?"),
            (["build", "platform=u25"], "there is no platform called 'u25'", "did you mean 'u250'?"),
            (["build", "clock_mhz=fast"], "'clock_mhz' cannot be 'fast'", "give a number"),
            (["build", "clock_mhz=0"], "'clock_mhz' cannot be '0'", "give at least 1"),
            (["build", "network=digits", "network=digits"], "'network' is given twice", "keep one"),
            (["biuld"], "biuld", "build"),
            (["hls:res2z"], "hls:res2z", "hls:res2"),
        ],
    )
    def test_message(self, refused, words, message, remedy) -> None:
        output = refused(*words)
        assert message in output
        assert remedy in output

    def test_two_at_once(self, refused) -> None:
        output = refused("build", "netwrok=digits", "target=hv")
        assert "netwrok" in output
        assert "'target' cannot be 'hv'" in output

    def test_network_with_mistakes(self, built, refused) -> None:
        text = (built.folder / "blocks/networks/digits.yaml").read_text()
        text = text.replace("name: digits", "name: broken").replace("branches: 2", "branches: two", 1)
        text = text.replace("lanes: 16", "lanes: 15")
        path = built.folder / "blocks/networks/broken.yaml"
        path.write_text(text)
        try:
            output = refused("build", "network=broken")
        finally:
            path.unlink()
        lines = text.splitlines()
        for part in ("branches: two", "lanes: 15"):
            line = 1 + next(i for i, found in enumerate(lines) if part in found)
            assert f"blocks/networks/broken.yaml:{line}: " in output
        assert not (built.folder / "build/broken").exists()

    def test_network_of_the_project_file_is_named_by_its_line(self, built, refused, edited) -> None:
        edited("farm.yaml", lambda text: text.replace(b"network: digits", b"network: digit"))
        line = 1 + (built.folder / "farm.yaml").read_text().splitlines().index("network: digit")
        assert f"farm.yaml:{line}: there is no network called 'digit'" in refused("build")


class TestDoitsOwnCommands:
    def test_list(self, built) -> None:
        output = built.doit("list")
        assert output.startswith("Start\n  doit demo  ")
        names = [line.split()[0] for line in output.splitlines() if line.startswith("  ")][1:]
        # First the tasks in the order in which data flows, then the questions.
        order = ["build", "block", "weights", "hls", "ooc", "placement", "netlist", "stitch", "link", "cosim"]
        assert [name for name in names if name in order] == order
        assert names[-2:] == ["reports", "fifos"]

    def test_list_all(self, built) -> None:
        output = built.doit("list", "--all")
        names = [line.split()[0] for line in output.splitlines()]
        assert {f"{task}:{block}" for task in ("hls", "block", "weights") for block in BLOCKS} <= set(names)
        assert all(len(line.split()) > 1 for line in output.splitlines()), "a task without a sentence"

    def test_status(self, built) -> None:
        built.doit("build")
        states = {line.split()[1]: line.split()[0] for line in built.doit("list", "--all", "--status").splitlines()}
        assert states["link:digits"] == states["stitch:digits"] == "U"

    def test_info(self, built) -> None:
        output = built.doit("info", "link:digits")
        for part in (f"{FOLDER}/digits.xclbin", f"{FOLDER}/stitch/program", "up-to-date"):
            assert part in output

    def test_answers_at_once(self, built) -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        built.doit("list")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # CPU time, so other processes do not count: about 0.4 s.
        assert after.ru_utime - before.ru_utime < 5

    def test_config(self, built) -> None:
        output = built.doit("config", "clock_mhz=200")
        assert re.search(r"^network +digits +farm\.yaml:\d+", output, re.MULTILINE)
        assert re.search(r"^clock_mhz +200\.0 +command line", output, re.MULTILINE)
