# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the catalogue behind the guard's back: status, addresses, cause, cure, and what real traffic says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.guard_play import Guarded, Outcome
from tests.integration.lab_fixture import Lab
from tests.integration.router import Router, router
from tests.support.fault_catalogue import FOLDER, Fault, faults

# In the short run; the others are for the long one.
SAMPLE = {"01", "03b", "09", "11", "15", "25", "26", "28"}
# What is in force and on disk, as the tools of each host tell it; nft would tell iptables' tables in another order.
RULES = """
[ -e /etc/iptables ] || nft -s list ruleset
for tool in iptables ip6tables iptables-legacy ip6tables-legacy; do echo $tool; $tool-save 2>/dev/null | grep ^-A; done
ipset save 2>/dev/null | sed 's/ initval .*//' | sort
cat /etc/nftables.conf /etc/ipset.conf /etc/iptables/rules.* /etc/nftables.d/* 2>/dev/null
"""
# A change that cuts the guard off is put back by the host itself, after this many seconds.
CUT_OFF, TIMER = "28", 30
HANDLERS = [{"ansible.builtin.import_tasks": str(FOLDER / "handlers.yml")}]


def marked(fault: Fault) -> Any:
    return pytest.param(
        fault, id=f"{fault.id} {fault.name}", marks=[] if fault.id in SAMPLE else pytest.mark.long
    )


@contextmanager
def network(lab: Lab, folder: Path, fault: Fault) -> Iterator[Router | None]:
    if fault.network == "router":
        with router(lab, folder) as found:
            yield found
        return
    if fault.network == "both":
        lab.route(ecmp=True)
    yield None


def prepare(guarded: Guarded, fault: Fault, *arguments: str) -> None:
    """What is so before the change."""
    play = {
        "name": "How things are",
        "hosts": "app01",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_tasks": str(FOLDER / fault.before)}],
        "handlers": HANDLERS,
    }
    done = guarded.play([play], *arguments)
    assert done.code == 0, done.output


def look(lab: Lab, fault: Fault, found: Router | None) -> str:
    """The rules of the host that is changed; of the firewall, where no firewall is. Docker's own are left to docker."""
    if found:
        return found.config()
    shown = lab.run(fault.host if fault.host in ("fw2", "db1") else "fw1", RULES).stdout
    return "".join(line for line in shown.splitlines(keepends=True) if "DOCKER" not in line)


def change(guarded: Guarded, fault: Fault, *arguments: str, **variables: Any) -> Outcome:
    firewall = not fault.host.startswith("app")
    return guarded.run(
        [],
        *arguments,
        hosts="app01" if firewall else fault.host,
        play={"handlers": HANDLERS},
        policy=str(fault.policy_file),
        change_tasks=str(FOLDER / fault.tasks),
        protect=fault.host if firewall else "fw1",
        probe=True,
        timeout=TIMER if fault.id == CUT_OFF else 120,
        **variables,
    )


def told(guarded: Guarded, path: Mapping[str, Any]) -> str:
    """What the report says about causes, lines not broken."""
    [text] = [
        next(file for file in (run / "report.txt", run / "before.txt") if file.exists()).read_text()
        for run in guarded.folder.glob("pathguard/*/")
    ]
    texts = [place["text"] for cure in path["remedy"] for place in (cure["before"], cure["now"]) if place]
    return " ".join(" ".join([*texts, text]).split())


def check_proof(guarded: Guarded, done: Outcome, fault: Fault) -> None:
    path = done.path(fault.path)
    assert path["status"] == fault.status
    assert (path["cut"]["from"] if path["cut"] else []) == fault.sources()
    if fault.ports:
        assert path["cut"]["flows"][0]["dst_port"] == [fault.ports]
    assert fault.cause in told(guarded, path), told(guarded, path)
    hosts = {cure["host"] for cure in path["remedy"]}
    assert hosts in ({fault.host}, set()), path["remedy"]
    if fault.decision == "reverted" and fault.status != "open":
        assert hosts == {fault.host}


def check_traffic(done: Outcome, fault: Fault) -> None:
    """New connections from every app host say what the proof says, or the report says that they don't."""
    if fault.id == CUT_OFF:  # nobody could be asked in time: what is put back is
        assert done.guard["revert"]["by_timer"] == [fault.host]
        assert done.guard["revert"]["probes"] is True
        return
    probes = done.guard["probes"]
    assert len({row["host"] for row in probes["after"]}) == 10
    odd = {(item["proof"], item["result"]) for item in probes["disagreements"]}
    assert bool(odd) is bool(fault.disagreement), done.output
    assert odd <= {("open", result) for result in fault.disagreement}, done.output


@pytest.mark.parametrize("fault", [marked(fault) for fault in faults()])
def test_a_fault_behind_the_guard(ruled_lab: Lab, tmp_path: Path, fault: Fault) -> None:
    guarded = Guarded(ruled_lab, tmp_path)
    with network(ruled_lab, tmp_path, fault) as found:
        arguments = found.inventories if found else ()
        if fault.before:
            prepare(guarded, fault, *arguments)
        before = look(ruled_lab, fault, found)
        done = change(guarded, fault, *arguments, **({"hops": "r1"} if found else {}))
        after = look(ruled_lab, fault, found)
    assert done.decisions == [fault.decision], done.output
    check_proof(guarded, done, fault)
    if fault.decision == "stopped":
        assert f"already violated before the change: {fault.path}" in done.output
        assert after == before
        return
    check_traffic(done, fault)
    if fault.decision == "reverted":
        revert = done.guard["revert"]
        assert (revert["fingerprint"], revert["paths"]) == (True, True)
        assert after == before
    elif fault.decision == "failed":
        assert "NOTHING WAS REVERTED" in done.output
        assert after == before
    else:
        assert after != before
