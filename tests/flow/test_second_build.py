"""Steps that run in a second build of digits, with and without edits."""

from __future__ import annotations

import re

import numpy as np

FOLDER = "build/digits/open-sw_emu"


class TestSecondBuild:
    def test_nothing_runs(self, built) -> None:
        before = built.artefacts()
        assert "nothing to do: 15 current" in built.doit("build", "network=digits")
        assert "nothing to do: 15 current" in built.doit()
        assert built.artefacts() == before

    def test_touched_files_run_nothing(self, built) -> None:
        for path in built.folder.rglob("*.[nyph]*"):
            if path.suffix in (".npz", ".yaml", ".py", ".hpp") and "build" not in path.parts:
                path.touch()
        assert "nothing to do: 15 current" in built.doit("build")

    def test_comment_in_a_block_compiles_nothing(self, built, edited) -> None:
        """The key contains the graph of a core, not the Python code that made it."""
        edited("blocks/kinds/residual.py", lambda text: text + b"# a comment\n")
        edited("blocks/networks/digits.yaml", lambda text: b"# a comment\n" + text)
        assert built.ran("build") == set()

    def test_new_weights_compile_nothing(self, built, edited) -> None:
        before = built.artefacts()

        def shift(data: bytes) -> bytes:
            path = built.folder.parent / "arrays.npz"
            path.write_bytes(data)
            with np.load(path) as archive:
                arrays = {name: archive[name] for name in archive.files}
            arrays["conv2c_thresholds"] = arrays["conv2c_thresholds"] + 1
            np.savez(path, **arrays)
            return path.read_bytes()

        edited("blocks/networks/digits/res2b.npz", shift)
        assert built.ran("build") == {"weights:res2b", "link:digits"}
        changed = {path for path, stamp in built.artefacts().items() if before.get(path) != stamp}
        written = {"weights/res2b/memories.bin", "weights/res2b/memories.json", "weights/res2b/weights.log"}
        assert changed == {f"{FOLDER}/{name}" for name in (*written, "digits.xclbin", "link.log", "link/values.json")}
        assert "every index equals the integer model's" in built.python("-m", "benchmarks.held_out", "digits")

    def test_archive_of_the_same_values_links_nothing(self, built, edited) -> None:
        """The container has other bytes but the same arrays: the images are equal, so no later step runs."""
        built.doit("build")

        def pack(data: bytes) -> bytes:
            path = built.folder.parent / "arrays.npz"
            path.write_bytes(data)
            with np.load(path) as archive:
                np.savez_compressed(path, **{name: archive[name] for name in reversed(archive.files)})
            return path.read_bytes()

        edited("blocks/networks/digits/res3b.npz", pack)
        assert built.ran("build") <= {"weights:res3b"}

    def test_a_folding_runs_its_core_and_what_is_behind(self, built, edited) -> None:
        built.doit("build")
        before, core = built.artefacts(), built.core("preres")
        # The stem compiles in half the time of a residual block.
        fold = b"pad: [1, 1, 1, 1], pe: 32"
        edited("blocks/networks/digits.yaml", lambda text: text.replace(fold, fold.replace(b"pe: 32", b"pe: 16"), 1))
        after = built.core("preres")
        assert after != core
        assert built.ran("build") == {f"hls:{after}", "weights:preres", "stitch:digits", "link:digits"}
        unchanged = {path for path, stamp in built.artefacts().items() if before.get(path) == stamp}
        assert {path for path in before if path.startswith(f"{FOLDER}/hls/")} <= unchanged
        assert "every index equals the integer model's" in built.python("-m", "benchmarks.held_out", "digits")

    def test_back_to_the_first_folding_compiles_nothing(self, built) -> None:
        output = built.doit("build")
        restored = set(re.findall(r"^  restore (\S+)", output, re.MULTILINE))
        assert restored == {"weights:preres", "stitch:digits", "link:digits"}
        assert not re.search(r"^  run ", output, re.MULTILINE)
        assert "nothing to do" in built.doit("build")


def test_a_mistake_in_the_farm_itself_is_shown(built, edited) -> None:
    """By a doit, too, that would be a fork of a process that had imported the farm before."""
    built.doit("list")
    built.doit("list")
    edited("farm/project.py", lambda text: text + b"print('first')\n")
    assert built.doit("list").startswith("first\n")
    edited("farm/project.py", lambda text: text + b"raise RuntimeError('second')\n")
    assert "RuntimeError: second" in built.doit("list", status=1)
