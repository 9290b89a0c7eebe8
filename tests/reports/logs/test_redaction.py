"""What the farm stores or shows of a log: no licence server, address, token, user or home; codes and places stay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.logs import log
from reports.logs.redaction import redact, redact_part
from reports.reading.source import read

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "reports_corpus"
LOGS = sorted(CORPUS.glob("log_*/*")) if CORPUS.is_dir() else []
needs_corpus = pytest.mark.skipif(not LOGS, reason="the corpus of reports (../shared/reports_corpus) is not here")

# Written for this test; nothing in it is anybody's.
ENVIRONMENT = """\
XILINXD_LICENSE_FILE=2100@flexnet.example.org:27000@backup-1
LM_LICENSE_FILE=/opt/licences/site.lic
GITHUB_TOKEN=ghp_0123456789abcdefghijABCDEFGHIJ012345
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY
SSH_AUTH_SOCK=/tmp/ssh-Xk2b/agent.4711
SSH_CONNECTION=203.0.113.7 50022 198.51.100.23 22
USER=mmuster
LOGNAME=mmuster
HOSTNAME=rechner17.example.org
HOME=/home/mmuster
PWD=/scratch/users/mmuster/kernel
http_proxy=http://mmuster:geheim1@proxy.example.org:3128
PATH=/opt/Xilinx/Vivado/2020.1/bin:/home/mmuster/bin:/usr/bin
XILINX_VIVADO=/opt/Xilinx/Vivado/2020.1
GJS_DEBUG_TOPICS=JS ERROR;JS LOG
"""
MESSAGES = """\
ERROR: [Synth 8-439] module 'fifo' not found [/home/mmuster/prj/src/top.v:25]
ERROR: [HLS 207-3339] no matching function (C:/Users/Max Muster/k.cpp:40:2)
INFO: [HLS 200-10] For user 'mmuster' on host 'rechner17.example.org' (Linux_x86_64 version 3.10) on Mon
INFO: [HLS 200-10] In directory '/mnt/pool/seas_home/m/mmuster/hls'
WARNING: [Common 17-348] Failed to get the license: cannot connect to 27000@lizenz.example.org (-15,10)
License server: lizenz.example.org
Running On         : rechner17
# Running On         : rechner17
| Host         : rechner17 running 64-bit Ubuntu 20.04.6 LTS
connected to 192.168.17.4:3121, fe80::1ff:fe23:4567:890a
fetching https://mmuster:geheim1@git.example.org/x.git with api_key=0123456789abcdef
Authorization: Bearer abcdefghijklmnop
mail to max.muster@example.org, folder \\\\server\\home\\mmuster\\x, -I/home/mmuster/include
opened /auto/homes/mmuster/a.v and /home1/m/mmuster/b.v and /Users/mmuster/c.v and /net/netscratch/mmuster/d.v
finn_dev_mmuster is the folder of mmuster
Vivado v2022.1.2, Flex 11.17.2.0, range 0.0.0.300
level0_i/ulp/interconnect_user/s00_couplers and rtl/home/counter.v stay
"""


@pytest.mark.parametrize(
    "private",
    [
        "flexnet",
        "backup-1",
        "site.lic",
        "ghp_",
        "wJalrX",
        "agent.4711",
        "203.0.113.7",
        "198.51.100.23",
        "mmuster",
        "rechner17",
        "geheim1",
        "lizenz",
        "192.168.17.4",
        "fe80",
        "0123456789abcdef",
        "abcdefghijklmnop",
        "max.muster",
    ],
)
def test_nothing_private_is_left(private: str) -> None:
    assert private in ENVIRONMENT + MESSAGES
    assert private not in redact(ENVIRONMENT + MESSAGES)


@pytest.mark.parametrize(
    "useful",
    [
        "ERROR: [Synth 8-439] module 'fifo' not found [<home>/prj/src/top.v:25]",
        "k.cpp:40:2)",
        "(-15,10)",
        "[HLS 200-10]",
        "Linux_x86_64 version 3.10",
        "/opt/Xilinx/Vivado/2020.1/bin:<home>/bin:/usr/bin",
        "GJS_DEBUG_TOPICS=JS ERROR;JS LOG",
        "Vivado v2022.1.2, Flex 11.17.2.0, range 0.0.0.300",
        "level0_i/ulp/interconnect_user/s00_couplers and rtl/home/counter.v stay",
        "-I<home>/include",
        "opened <home>/a.v and <home>/b.v and <home>/c.v and <home>/d.v",
        "finn_dev_<redacted> is the folder of <redacted>",
    ],
)
def test_what_explains_a_failure_stays(useful: str) -> None:
    assert useful in redact(ENVIRONMENT + MESSAGES)


def test_what_a_parsed_log_keeps_is_redacted() -> None:
    value = log.parse(MESSAGES)
    assert "mmuster" not in str(value) and "Max" not in str(value.errors)
    assert value.errors[0].text == "module 'fifo' not found [<home>/prj/src/top.v:25]"


def test_lines_stay_where_they_are() -> None:
    text = ENVIRONMENT + MESSAGES
    assert redact(text).count("\n") == text.count("\n")


def test_a_private_key_is_left_out_whole() -> None:
    text = "before\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\nafter"
    assert redact(text) == "before\n<redacted private key>\nafter"


def test_words_that_the_caller_knows() -> None:
    assert redact("built on blaubeere in /srv/blaubeere/x", ["blaubeere"]) == "built on <redacted> in /srv/<redacted>/x"


def test_an_account_that_is_a_word_is_hidden_only_as_an_account() -> None:
    assert redact("work in /home/work/x.v") == "work in <home>/x.v"


@settings(deadline=None)
@given(st.text(max_size=300))
def test_twice_is_once(text: str) -> None:
    once = redact(ENVIRONMENT + text)
    assert redact(once) == once


LEFT = re.compile(
    r"/home[0-9]?/|/Users/|\\Users\\|/homes/|/users/|scratch/|[0-9]+@[A-Za-z]|[A-Za-z]@[a-z]+\.[a-z]|on host '[^<]|"
    r"^(?:USER|LOGNAME|HOSTNAME|HOME|SSH_\w+|\w*LICENSE\w*)=(?!<)",
    re.MULTILINE,
)


@needs_corpus
@pytest.mark.parametrize("path", LOGS, ids=[path.name for path in LOGS])
def test_public_logs(path: Path) -> None:
    text = read(path)
    clean = redact(text)
    assert LEFT.findall(clean) == []
    assert redact(clean) == clean
    if log.matches(text):
        before, after = log.parse(text), log.parse(clean)
        assert [error.code for error in after.errors] == [error.code for error in before.errors]
        assert [error.line for error in after.errors] == [error.line for error in before.errors]
        assert after.checksums == before.checksums
        assert after.slacks == before.slacks
    places = re.compile(r"[\w.-]+\.(?:v|sv|vhd|cpp|h|hpp|tcl|xdc):[0-9]+")
    assert [found.group() for found in places.finditer(clean)] == [found.group() for found in places.finditer(text)]


def test_a_part_knows_what_the_whole_names(monkeypatch: pytest.MonkeyPatch) -> None:
    log = "USER=hannelore\nERROR: hannelore may not\n"
    assert redact("ERROR: hannelore may not") == "ERROR: hannelore may not", "a line alone does not tell who it is"
    assert redact_part("ERROR: hannelore may not", log) == "ERROR: <redacted> may not"
    assert redact_part(log, log) == "USER=<redacted>\nERROR: <redacted> may not\n"
    # The folder of who runs this, wherever it lies.
    monkeypatch.setenv("HOME", "/data/people/eva")
    assert redact_part("/data/people/eva/prj/a.v:3 /data/people/evans/b", "") == "<home>/prj/a.v:3 /data/people/evans/b"
