"""Network files outside the checkout."""

from __future__ import annotations

import os
import re

import pytest

from blocks.network import NETWORKS, find_network
from config.problem import ConfigError

_DIGITS = (NETWORKS / "digits.yaml").read_text()


def test_it_is_read_where_it_is(tmp_path) -> None:
    (tmp_path / "mine.yaml").write_text(_DIGITS.replace("name: digits", "name: mine"))
    network = find_network(str(tmp_path / "mine.yaml"))
    assert (network.name, network.parameters) == ("mine", tmp_path / "mine")
    assert network.called == str(tmp_path / "mine.yaml")


def test_the_path_of_one_that_ships_is_its_name() -> None:
    assert find_network(str(NETWORKS / "digits.yaml")) == find_network("digits")
    assert find_network("digits").called == "digits"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("digits.yaml", "there is no network file digits.yaml; did you mean network=digits?"),
        ("blocks/networks/digits", "no network called 'blocks/networks/digits'; the path of a file of your own ends"),
        ("folder.yaml", "folder.yaml is a folder; give the network file"),
        ("pipe.yaml", "pipe.yaml is no regular file; give the network file"),
        ("lost.yaml", "there is no network file lost.yaml; check the path"),
    ],
)
def test_what_is_no_file(tmp_path, monkeypatch, name, told) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "lost.yaml").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"^command line: .*{re.escape(told)}"):
        find_network(name)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("digits.yaml", "has the name of a network that ships, 'digits'; give your file"),
        ("mine.fifos.yaml", "holds depths of FIFOs; give the network file beside it"),
        ("missing.yaml", "there is no network file "),
    ],
)
def test_refused(tmp_path, file, told) -> None:
    if not file.startswith("missing"):
        (tmp_path / file).write_text(_DIGITS)
    with pytest.raises(ConfigError, match=f"^farm.yaml:3: .*{re.escape(told)}"):
        find_network(str(tmp_path / file), origin="farm.yaml:3")
