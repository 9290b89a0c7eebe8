from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path

import pytest

from config.problem import ConfigError
from config.settings import Settings, command_line_words, load_settings, setting


@dataclass(frozen=True)
class Farm:
    slots: int | None = setting(None, "steps at once", minimum=1)
    memory_gib: float = setting(4.0, "memory", minimum=0.5)
    keep: bool = setting(False, "keep scratch folders")


def read(root: Path, *words: str) -> Settings:
    return load_settings(root, {"farm": Farm}, words, {"toolchain": ("open", "vitis", "auto")})


def mistakes(root: Path, *words: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(root, *words)
    return str(caught.value).splitlines()


def test_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.network, settings.target, settings.toolchain) == ("digits", "sw_emu", "open")
    assert (settings.platform, settings.clock_mhz) == ("u250", 250.0)
    assert settings.section(Farm) == Farm(None, 4.0, False)
    assert set(settings.origins.values()) == {"default"}
    with pytest.raises(FrozenInstanceError):
        settings.build.network = "x"  # type: ignore[misc]


def test_each_source_overrides_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "farm.yaml").write_text("# ours\nnetwork: resnet50\ntarget: hw\nfarm:\n  slots: 2\n  memory_gib: 8\n")
    (tmp_path / "farm.local.yaml").write_text("farm:\n  slots: 3\n")
    settings = read(tmp_path, "target=hw_emu", "farm.keep=true")
    assert (settings.network, settings.target, settings.section(Farm)) == ("resnet50", "hw_emu", Farm(3, 8.0, True))
    assert settings.origin("network") == "farm.yaml:2"
    assert settings.origin("farm.slots") == "farm.local.yaml:2"
    assert settings.origin("farm.memory_gib") == "farm.yaml:6"
    assert settings.origin("target") == settings.origin("farm.keep") == "command line"
    assert settings.origin("clock_mhz") == "default"


def test_optional_value_can_be_given_back_to_the_machine(tmp_path: Path) -> None:
    (tmp_path / "farm.yaml").write_text("farm: {slots: 2}\n")
    (tmp_path / "farm.local.yaml").write_text("farm:\n  slots:\n")
    assert read(tmp_path).section(Farm).slots is None
    assert read(tmp_path, "farm.slots=4").section(Farm).slots == 4
    assert read(tmp_path, "farm.slots=").section(Farm).slots is None


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "farm:\n  # slots: 2\n"])
def test_files_and_sections_of_comments_are_fine(tmp_path: Path, content: str) -> None:
    (tmp_path / "farm.local.yaml").write_text(content)
    assert read(tmp_path).section(Farm) == Farm()


def test_all_mistakes_of_all_sources_at_once(tmp_path: Path) -> None:
    (tmp_path / "farm.yaml").write_text("netwrk: digits\ntarget: hwemu\nfarm:\n  slots: 0\n  keep: yes\n")
    (tmp_path / "farm.local.yaml").write_text("farm:\n\tslots: 2\n")
    assert mistakes(tmp_path, "frm.slots=2", "clock_mhz=fast", "target=sw_emu", "target=hw", "slots=1") == [
        "farm.yaml:1: unknown key 'netwrk'; did you mean 'network'?",
        "farm.yaml:2: 'target' cannot be 'hwemu'; did you mean 'hw_emu'?",
        "farm.yaml:4: 'slots' is 0; give at least 1",
        "farm.yaml:5: 'keep' must be true or false, found the truth value 'yes'; write true or false",
        "farm.local.yaml:2: a tab is used for indentation; indent with spaces",
        "command line: unknown variable 'frm.slots'; did you mean 'farm.slots'?",
        "command line: 'clock_mhz' cannot be 'fast'; give a number",
        "command line: 'target' is given twice; keep one of them",
        "command line: unknown variable 'slots'; did you mean 'farm.slots'?",
    ]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("farm.slots=1.5", "command line: 'farm.slots' cannot be '1.5'; give a whole number"),
        ("farm.slots=-1", "command line: 'farm.slots' cannot be '-1'; give at least 1"),
        ("clock_mhz=5000", "command line: 'clock_mhz' cannot be '5000'; give at most 1000"),
        ("farm.keep=1", "command line: 'farm.keep' cannot be '1'; write true or false"),
        ("toolchain=vitus", "command line: 'toolchain' cannot be 'vitus'; did you mean 'vitis'?"),
        ("network=", "command line: 'network' cannot be ''; write network=TEXT"),
        (
            "zz=3",
            "command line: unknown variable 'zz'; known: clock_mhz, diff_gates, farm.keep, farm.memory_gib, "
            "farm.slots, gates, network, platform, target, toolchain",
        ),
    ],
)
def test_words(tmp_path: Path, word: str, message: str) -> None:
    assert mistakes(tmp_path, word) == [message]


def test_words_by_the_rule_of_doit() -> None:
    argv = ["build", "network=digits", "-n", "4", "--db-file=x", "a.b=c=d", "-x=1"]
    assert command_line_words(argv) == ["network=digits", "a.b=c=d"]


def test_a_later_check_can_name_the_place(tmp_path: Path) -> None:
    (tmp_path / "farm.yaml").write_text("\nnetwork: digit\n")
    settings = read(tmp_path)
    assert str(settings.problem("network", "no network 'digit'", "did you mean 'digits'?")) == (
        "farm.yaml:2: no network 'digit'; did you mean 'digits'?"
    )
    assert str(read(tmp_path, "network=x").problem("network", "w", "r")) == "command line: w; r"


def test_a_declaration_without_default_is_our_mistake() -> None:
    @dataclass(frozen=True)
    class Bad:
        x: int

    with pytest.raises(TypeError, match=r"Bad\.x"):
        load_settings(Path("/nonexistent"), {"bad": Bad})


@dataclass(frozen=True)
class Machine:
    licences: tuple[tuple[str, int], ...] = setting((), "tokens by name")


class TestCounts:
    def read(self, root: Path, *words: str) -> tuple[tuple[str, int], ...]:
        return load_settings(root, {"farm": Machine}, words).section(Machine).licences

    def test_from_a_file_and_from_a_word(self, tmp_path: Path) -> None:
        assert self.read(tmp_path) == ()
        (tmp_path / "farm.local.yaml").write_text("farm:\n  licences:\n    synth: 2\n    route: 0\n")
        assert self.read(tmp_path) == (("synth", 2), ("route", 0))
        assert self.read(tmp_path, "farm.licences=synth:1,sim:3") == (("synth", 1), ("sim", 3))
        assert self.read(tmp_path, "farm.licences=") == ()

    @pytest.mark.parametrize("word", ["synth", "synth:", ":1", "synth:-1", "synth:many"])
    def test_bad_words(self, tmp_path: Path, word: str) -> None:
        with pytest.raises(ConfigError, match="write NAME:COUNT"):
            self.read(tmp_path, f"farm.licences={word}")

    @pytest.mark.parametrize(
        ("text", "place"),
        [("synth: lots", "farm.local.yaml:3"), ("synth: -1", "farm.local.yaml:3"), ("- synth", "farm.l")],
    )
    def test_bad_files(self, tmp_path: Path, text: str, place: str) -> None:
        (tmp_path / "farm.local.yaml").write_text(f"farm:\n  licences:\n    {text}\n")
        with pytest.raises(ConfigError) as caught:
            self.read(tmp_path)
        assert place in str(caught.value)


def test_texts(tmp_path) -> None:
    (tmp_path / "farm.yaml").write_text("gates:\n  - wns_ns >= 0\n  - slr0.lut <= 75 %\n")
    settings = load_settings(tmp_path, {})
    assert (settings.gates, settings.origin("gates")) == (("wns_ns >= 0", "slr0.lut <= 75 %"), "farm.yaml:1")
    assert load_settings(tmp_path, {}, ["gates=fps >= 2000; ii_cycles <= 9"]).gates == ("fps >= 2000", "ii_cycles <= 9")
    assert load_settings(tmp_path, {}, ["gates="]).gates == ()
