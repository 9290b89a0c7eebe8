"""The flow on one page, in the order in which data flows; a stage is toolchains/<toolchain>/stages/<name>.py."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from blocks.network import find_network
from blocks.trained import stand_in_note
from config.settings import command_line_words, load_settings
from farm.flow import Task, names, tasks
from farm.hooks import Vouch
from farm.project import Guide, Question
from farm.redaction import Redaction
from farm.settings import FarmSettings
from farm.tasks import doit_config, group, plain_errors, question
from integration.platform import find_platform
from toolchains import choose

ROOT = Path(__file__).resolve().parent
SECTIONS = {"farm": FarmSettings, **choose.SECTIONS}


def later(module: str, name: str, *first: Any) -> Callable[..., Any]:
    """A function that is imported when it is called: `doit list` needs none of these, and answers at once."""
    return lambda *given, **more: getattr(import_module(module), name)(*first, *given, **more)


with plain_errors():
    SETTINGS = load_settings(ROOT, SECTIONS, command_line_words(sys.argv[1:]), {"toolchain": choose.CHOICES})
    NETWORK = find_network(SETTINGS.network, origin=SETTINGS.origin("network"))
    PLATFORM = find_platform(SETTINGS.platform, origin=SETTINGS.origin("platform"))
    TOOLCHAIN = choose.find_toolchain(ROOT, SETTINGS, NETWORK, PLATFORM)
    GATES = later("reports.summary.gates", "gates_of")(SETTINGS, NETWORK.cores()) if SETTINGS.gates else ()

HOOK = Vouch(later("runtime.trust", "vouch", SETTINGS.values["runtime.trust_url"]), later("runtime.trust", "list_file"))
FLOW = {
    "Each block and each core on its own": (
        Task("weights", "Trained values -> memory images, per block"),
        Task("hls", "C++ compiled or synthesised and run against the model, per core"),
        Task("ooc", "Core -> netlist out of context: area and timing, per core"),
    ),
    "Joined into one kernel": (
        Task("placement", "Blocks -> SLRs, with the area that ooc found"),
        Task("netlist", "Cores joined, parameter memories empty: unaffected by new weights"),
        Task("stitch", "Cores and weights -> one kernel: interfaces checked, kernel.xml"),
        Task("link", "Kernel + platform -> xclbin", hook=HOOK, note=stand_in_note(NETWORK)),
    ),
    "On request: cycles and area of single blocks": (
        Task("memories", "Parameter memories: netlists without contents, and a block's images filled in"),
        Task("model", "RTL verilated and compiled, per core"),
        Task("stimuli", "Held-out images on their way through the network, for cosim"),
        Task("kernel", "All blocks simulated as one kernel: interval, latency, who waits for whom, FIFO marks"),
        Task("cosim", "RTL simulated and compared with the model, per block: cycles, stalls, FIFO marks"),
        Task("payload", "For stand-ins of a vendor's tools: the sw_emu program to embed in the xclbin"),
    ),
}
globals().update(tasks(FLOW, TOOLCHAIN.items, TOOLCHAIN.needs))


def task_block() -> Iterator[dict[str, Any]]:
    """All that a build takes of one block"""
    yield from (group(block, *TOOLCHAIN.needs_of(block)) for block in NETWORK.cores())


def task_build() -> dict[str, Any]:
    """Everything up to the xclbin (the default)"""
    return {"actions": None, "task_dep": ["link"]}


def ask(name: str, doc: str, **more: Any) -> Question:
    """A question of toolchains/questions.py: it prints, and returns a sentence where the answer is a failure."""
    answer = later("toolchains.questions", name)
    return Question(name, doc, lambda *words, **options: answer(TOOLCHAIN, GATES, *words, **options), **more)


def task_asked() -> Iterator[dict[str, Any]]:
    """Questions that combine with a build"""
    yield question(QUESTIONS[0])
    yield question(ask("fifos", "Trim FIFO depths to the high-water marks of cosim, for review"), task_dep=["cosim"])


QUESTIONS = (
    ask("reports", "What is known of the build: cycles, area, budget, times, gates; starts no tool", has_forms=True),
    ask("fit", "Which block goes to which SLR of the board, with what is known; starts no tool"),
    ask("history", "The builds so far; of a value: when it changed, by which commit", usage="[VALUE]"),
    ask("diff", "What differs between two builds, revisions or folders of reports, and why", usage="[A] [B]"),
    ask("page", "The build as one page for a browser: device, pipeline, times, trends, reports"),
    ask("tools", "The vendor's tools on this machine: found, and missing for which target", in_report=True),
)
TITLE = "Dataflow Farm: a quantized network becomes an xclbin for an Alveo card, and Python drives it"
START = (("doit demo", "builds a small network and classifies images with it on an emulated card; needs no AMD tools"),)
GUIDE = Guide(TITLE, START, {"Build": ("build", "block"), **names(FLOW), "Look at the result": ("reports", "fifos")})
REDACTION = Redaction(later("reports.logs.redaction", "redact_part"), later("reports.logs.redaction", "log_redactor"))
BUILD = TOOLCHAIN.build
REMEMBER = ask("remember", "Enter a build that has just ended into the history").answer
DOIT_CONFIG = doit_config(
    BUILD.folder, settings=BUILD.settings, redaction=REDACTION, questions=QUESTIONS, guide=GUIDE, after_build=REMEMBER
)
