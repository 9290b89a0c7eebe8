"""digits from a team's store to the classified pictures, on a machine that has built nothing."""

from __future__ import annotations

from pathlib import Path

import needs
import pytest
from flow_checkout import FOLDER, copy_checkout

from benchmarks.engine import remote_server
from farm.remote.connect import connected, remote_of
from farm.remote.exchange import Exchange
from farm.remote.health import Health
from farm.results.store import Store

CLASSIFY = f"""
import runtime
from blocks.dataset import held_out
from blocks.network import find_network
images, labels = held_out(find_network("digits").dataset)
with runtime.Accelerator("{FOLDER}/digits.xclbin") as accelerator:
    print((accelerator.classify(images)[:, 0] == labels).sum(), "of", len(labels))
"""


@pytest.mark.slow
def test_digits_from_a_teams_store(digits_built: Path, tmp_path: Path) -> None:
    needs.nginx()
    said: list[str] = []
    ci = Store(digits_built / "data/dataflow-farm", said.append)
    keys = [path.name for path in (ci.folder / "ac").rglob("*") if path.is_file()]
    with remote_server.nginx(tmp_path / "nginx") as server:
        exchange = Exchange(connected(remote_of(server.url)), (ci,), ci, Health(server.url, said.append), 1 << 30)
        assert {exchange.send(key, "results")[0] for key in keys} == {"done"}
        checkout = copy_checkout(tmp_path / "user/checkout")
        settings = checkout.folder / "farm.local.yaml"
        settings.write_text(f"farm: {{remote: '{server.url}'}}\n")
        assert "0 would run, 15 would be restored, 15 of them from the remote store" in checkout.doit("plan")
        output = checkout.doit("build")
        assert "0 run, 15 restored, 0 current" in output
        assert "15 results came from the remote store" in output
    built = Path(FOLDER) / "digits.xclbin"
    assert (checkout.folder / built).read_bytes() == (digits_built / "checkout" / built).read_bytes()
    # What was downloaded does not run, until CI's list or the user says so.
    assert "its native payload is not trusted" in output
    assert "not trusted" in checkout.python("-c", CLASSIFY, status=1)
    published = tmp_path / "published"
    published.write_bytes((digits_built / "data/dataflow-farm/trusted-payloads").read_bytes())
    settings.write_text(f"runtime: {{trust_url: '{published}'}}\n")
    assert "not trusted" not in checkout.doit("build")
    # As the README says, and as the integer model has it.
    assert checkout.python("-c", CLASSIFY).splitlines()[-1] == "357 of 360"
    assert said == []
