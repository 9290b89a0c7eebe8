"""The end of a job by client, record and engine: the cases that were measured on Slurm 22.05.8, and what follows."""

from __future__ import annotations

import itertools

import pytest

from farm.execution.cluster.job import Sighting
from farm.execution.cluster.judge import Ended, Evidence, judge

GOOD, SEVEN = Ended(0), Ended(7)


def said(word: str, reason: str = "None") -> Sighting:
    phase = "queued" if word == "PENDING" else "running" if word in ("RUNNING", "COMPLETING") else "ended"
    return Sighting("17", phase, word, "m1", reason)


@pytest.mark.parametrize(
    ("launcher", "record", "sighting", "words", "verdict"),
    [
        # As measured: the tool's own status is srun's too.
        (0, GOOD, None, "", "good"),
        (7, SEVEN, said("FAILED", "NonZeroExitCode"), "", "tool"),
        # A node failure ends srun with 0.
        (0, None, said("NODE_FAIL", "NodeDown"), "srun: error: Node failure on m1", "node failed"),
        (0, None, None, "srun: error: Node failure on m1", "node failed"),
        # The kernel took a child of a tool that itself ended well: the record says 0 and srun 1.
        (1, GOOD, said("OUT_OF_MEMORY"), "srun: error: m1: task 0: Out Of Memory", "out of memory"),
        (1, GOOD, said("FAILED"), "srun: error: m1: task 0: Out Of Memory", "out of memory"),
        # Killed by the polling of slurmstepd: Slurm itself only says that the job failed.
        (137, None, said("FAILED", "JobLaunchFailure"), "StepId=6.0 exceeded memory limit (2 > 1)", "out of memory"),
        # A tool that the kernel killed leaves -9 with the shim.
        (137, Ended(-9), said("OUT_OF_MEMORY"), "", "out of memory"),
        (137, Ended(-9), said("FAILED"), "", "tool"),
        (143, Ended(-15, stopped=True), said("CANCELLED"), "", "cancelled"),
        (143, None, said("CANCELLED"), "", "cancelled"),
        (143, Ended(-15, stopped=True), said("TIMEOUT", "TimeLimit"), "", "time limit"),
        (143, None, said("PREEMPTED"), "", "preempted"),
        # The signal of the engine came to the tool before it came to the shim; some tools turn it into a status.
        (143, Ended(-15), said("CANCELLED"), "", "cancelled"),
        (143, Ended(-15), said("TIMEOUT", "TimeLimit"), "", "time limit"),
        (1, Ended(1), said("PREEMPTED"), "", "preempted"),
        (0, Ended(143), None, "srun: error: Node failure on m1", "node failed"),
        # Killed by somebody on the node: the engine knows of nothing.
        (143, Ended(-15), said("FAILED"), "", "tool"),
        # The client cannot say why nothing was submitted, or says so.
        (1, None, None, "", "lost"),
        # Success by the record alone is not believed where the client says otherwise.
        (1, GOOD, said("FAILED"), "", "unsound"),
        (1, GOOD, None, "", "unsound"),
        # Nobody waits any more (the farm was killed): the record and the engine are left.
        (None, GOOD, said("COMPLETED"), "", "good"),
        (None, GOOD, None, "", "good"),
        (None, GOOD, said("OUT_OF_MEMORY"), "", "out of memory"),
        (None, SEVEN, said("FAILED"), "", "tool"),
        (None, None, said("COMPLETED"), "", "lost"),
        (None, None, said("NODE_FAIL"), "", "node failed"),
        # A controller that has missed the end goes on calling the job running.
        (None, GOOD, said("RUNNING"), "", "good"),
        (7, SEVEN, said("RUNNING"), "", "tool"),
        (1, Ended(1, problem="modules"), None, "", "other modules"),
        (1, Ended(1, problem="program"), None, "", "no program"),
        (1, Ended(1, problem="elsewhere"), None, "", "elsewhere"),
        (120, None, said("FAILED"), "farm: m2 does not see /home/x/job.json: No such file", "no folder"),
        (2, Ended(2, free_bytes=4096), said("FAILED"), "", "no disk"),
        (2, Ended(2, free_bytes=1 << 40), said("FAILED"), "", "tool"),
    ],
)  # fmt: skip
def test_every_measured_end(launcher, record, sighting, words, verdict) -> None:
    found = Evidence(launcher, record, answered=True, sighting=sighting, words=words, started=sighting is not None)
    assert judge(found) == verdict


@pytest.mark.parametrize("refusal", ["refused", "unreachable"])
def test_a_job_that_nobody_has_seen_was_not_submitted(refusal) -> None:
    assert judge(Evidence(1, None, answered=True, refusal=refusal)) == refusal
    assert judge(Evidence(1, None, answered=True, refusal=refusal, started=True)) == "lost"


def test_a_query_that_fails_never_means_done() -> None:
    """Of all evidence without an answer, only both success and record, or the node's own refusal, are an end."""
    records = [None, GOOD, SEVEN, Ended(-15, stopped=True)]
    for launcher, record, words in itertools.product([None, 0, 1, 137, 143], records, ["", "Node failure"]):
        verdict = judge(Evidence(launcher, record, words=words))
        assert verdict == ("good" if launcher == 0 and record is GOOD else "ask"), (launcher, record, words)


@pytest.mark.parametrize("word", ["PENDING", "RUNNING", "COMPLETING"])
def test_a_job_that_lives_is_waited_for(word) -> None:
    """Its client may have been killed, or the engine has put it back into the queue."""
    for launcher in (None, 0, 143):
        assert judge(Evidence(launcher, None, answered=True, sighting=said(word), started=True)) == "wait"
    assert judge(Evidence(None, GOOD, answered=True, sighting=said(word), patient=True)) == "wait"


def test_a_record_may_come_late() -> None:
    """A network file system shows a new file late; an end that the engine explains needs none."""
    late = Evidence(0, None, answered=True, sighting=said("COMPLETED"), started=True, patient=True)
    assert judge(late) == "wait"
    assert judge(Evidence(0, None, answered=True, sighting=said("NODE_FAIL"), patient=True)) == "node failed"
