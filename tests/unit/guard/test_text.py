# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: on one screen, whatever the rules say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record, text
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import After
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.compare import PathView, compare
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.outcomes import HostFailure
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.probes import (
    ProbeRow,
    disagreements,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.proof import Proof
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.revert import Revert

FILES = {"text": Path("/runs/r1/report.txt"), "json": Path("/runs/r1/report.json")}
RULE = 'ip saddr 10.10.1.0/26 tcp dport 5432 counter packets 7 bytes 420 accept comment "app"'


WHOLE = ["1024-65535"]
FLOWS = {
    "src": ["10.10.1.66"],
    "dst": ["10.20.1.10"],
    "protocol": ["tcp"],
    "src_port": WHOLE,
    "dst_port": ["5432"],
}


def entry(name: str, comment: str = "") -> dict[str, Any]:
    nothing: dict[str, Any] = {"flows": [], "from": [], "to": [], "hosts": [], "reasons": []}
    place = {"text": RULE + comment, "handle": 18, "line": None, "position": 3}
    return {
        "name": name,
        "kind": "required",
        "services": [{"protocol": "tcp", "ports": ["5432"]}],
        "source_ports": WHOLE,
        "cut": {
            **nothing,
            "flows": [FLOWS],
            "from": ["10.10.1.66"],
            "to": ["10.20.1.10"],
            "hosts": ["app08"],
        },
        "permitted": None,
        "unknown": nothing,
        "remedy": [
            {
                "host": "fw1",
                "ruleset": "inet/filter/forward",
                "chain": "inet/filter/forward",
                "action": "put_back",
                "before": {**place, "text": RULE.replace("/26", "/24")},
                "now": place,
                "note": "the rule was changed",
                "commands": [],
                "change": "changed",
                "pairs": 1,
                "hosts": ["app08"],
            }
        ],
        "deciding": [],
        "legs": [],
        "too_big": None,
    }


def caught(paths: int = 1, comment: str = "") -> After:
    run = record.Run("r1", record.now(), {}, "policy.yml", {}, ["fw1"], ["app08"], 300, True, False, True)
    names = [f"path {number}" for number in range(paths)]
    before = [PathView(name, "required", "open", "yes", "10 of 10 app hosts") for name in names]
    after = [PathView(name, "required", "partial", "no", "9 of 10 app hosts") for name in names]
    found = After(run, Path("/runs/r1"), [], before)
    found.decision = "reverted"
    found.changes = compare(before, after)
    found.reasons = [change.text() for change in found.changes]
    found.proof = Proof(
        {"paths": [entry(name, comment) for name in names], "rule_changes": {}, "findings": []}, after
    )
    found.rows = [ProbeRow(names[0], "app08", "10.10.1.66", "10.20.1.10", 5432, "timeout", "cut", 0, 3, 3, 3)]
    found.revert = Revert(
        "reverted", {"fw1": ["nft/inet/filter"]}, [], True, {"fw1": "ab" * 32}, True, paths, True, 1, 1
    )
    return found


def test_all_that_matters_is_told() -> None:
    told = text.after(caught(), FILES, diff=False)
    for part in (
        "REVERTED, and the revert is PROVEN",
        "path 'path 0' was open (10 of 10 app hosts), is partial (9 of 10 app hosts)",
        "cut off   10.10.1.66 (app08) to 10.20.1.10, tcp 5432",
        "fw1, table inet filter, chain forward, handle 18: the rule was changed",
        'now     ip saddr 10.10.1.0/26 tcp dport 5432 counter accept comment "app"',
        'before  ip saddr 10.10.1.0/24 tcp dport 5432 counter accept comment "app"',
        "new connections from app08: timeout; of their pooled connections 3 of 3 still live",
        "fw1 (table inet filter): put back; fingerprint abababababab, equal to the checkpoint's",
        "paths 1 of 1 as before; probes 1 of 1 through",
        "/runs/r1/report.txt, report.json",
    ):
        assert part in told


def test_the_answer_comes_first_and_each_path_once() -> None:
    found = caught(5)
    lines = text.after(found, FILES, diff=False).splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["PathGuard", "path", "cut", "rule"]
    told = [line for line in lines if line.startswith(("path '", "  path "))]
    assert re.findall(r"path (\d)", "".join(told)) == ["0", "1", "2", "3", "4"]
    assert told[3].endswith("open, 10 of 10 app hosts  -> partial, 9 of 10 app hosts  NEWLY VIOLATED")


@pytest.mark.parametrize("paths", [1, 3, 50])
def test_it_fits_a_screen(paths: int) -> None:
    lines = text.after(caught(paths), FILES, diff=False).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120


def crowded() -> After:
    """Sixty hosts, twelve paths broken in three places each, long rules, probes, notes, and two firewalls put back."""
    found = caught(12)
    assert found.proof is not None
    assert found.revert is not None
    sources = [f"10.10.{index // 50}.{4 * (index % 50) + 1}" for index in range(60)]
    names = [f"app{index:02}" for index in range(1, 121, 2)]
    for number, path in enumerate(found.proof.document["paths"]):
        path["name"] = f"path {number}"
        path["cut"] = {
            **path["cut"],
            "flows": [{**FLOWS, "src": sources, "src_port": ports} for ports in (["1024-4999"], WHOLE)],
            "from": sources,
            "hosts": names,
        }
        path["unknown"] = {**path["unknown"], "reasons": [f"reason {index} " * 12 for index in range(9)]}
        [cause] = path["remedy"]
        path["remedy"] = [
            {
                **cause,
                "now": {**cause["now"], "text": f"path {number} " + RULE * 8},
                "host": host,
                "hosts": names,
            }
            for host in ("fw1", "fw2", "db1")
        ]
    found.notes = [f"note {number} " * 40 for number in range(9)]
    found.reasons += [f"another reason {number} " * 20 for number in range(20)]
    found.revert.changed = {"fw1": ["nft/inet/filter", "file/etc/nftables.conf"], "fw2": ["iptables/filter"]}
    found.revert.trouble = found.revert.manual = [f"{number} by hand " * 30 for number in range(2)]
    return found


def test_sixty_hosts_and_twelve_broken_paths_fit_a_screen() -> None:
    lines = text.after(crowded(), FILES, diff=False).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    told = "\n".join(lines)
    for part in (
        "cut off   10.10.0.1",
        "source ports 1024-4999",
        "fw1, table inet filter",
        "BY HAND",
        "report.json",
    ):
        assert part in told


def test_the_same_change_is_told_once() -> None:
    told = text.after(caught(3), FILES, diff=False)
    assert told.count("the rule was changed") == 1
    assert told.count("the same as above") == 2


def test_a_change_elsewhere_is_told_with_who_then_decides() -> None:
    found = caught()
    assert found.proof is not None
    rule = {
        "host": "db1",
        "ruleset": "inet/filter/input",
        "chain": "inet/filter/input",
        "position": 0,
        "text": "default action: deny",
    }
    decision = {
        "host": "db1",
        "hook": "input",
        "direction": "new",
        "verdict": "deny",
        "reason": "",
        "rules": [rule],
    }
    path = found.proof.document["paths"][0]
    path["deciding"] = [decision]
    told = text.after(found, FILES, diff=False)
    assert "so that   db1, table inet filter, chain input: default action: deny" in told
    path["deciding"] = [{**decision, "rules": [{**rule, "host": "fw1", "chain": "inet/filter/forward"}]}]
    assert "so that" not in text.after(found, FILES, diff=False)


def test_a_port_that_only_loopback_is_served_on_is_told() -> None:
    found = caught()
    assert found.proof is not None
    words = "open by rules, but postgres listens on tcp 5432 only on loopback, not on 10.20.1.10 (ipv4)"
    found.proof.document["findings"] = [
        {"kind": "listener", "severity": "medium", "message": words, "host": "db1", "path": name}
        for name in ("path 0", "path 1")
    ]
    told = " ".join(text.after(found, FILES, diff=False).split())
    assert told.count(f"note: before the revert: db1: {words}") == 1
    found.decision, found.revert = "confirmed", None
    assert text.after(found, FILES, diff=False).count(f"note: db1: {words}") == 1


def test_a_rule_can_not_steer_the_terminal() -> None:
    told = text.after(caught(comment="\x1b[2J\x07 {{ 7 * 7 }}"), FILES, diff=False)
    assert "\x1b" not in told
    assert "\x07" not in told
    assert "{{ 7 * 7 }}" in told


def test_the_summary_is_at_most_five_lines() -> None:
    lines = text.summary(caught(9), FILES).splitlines()
    assert lines == [
        "PathGuard r1: the change was not kept: REVERTED, and the revert is PROVEN",
        "path 'path 0' was open (10 of 10 app hosts), is partial (9 of 10 app hosts); and 8 more paths",
        "cut off   10.10.1.66 (app08) to 10.20.1.10, tcp 5432",
        "rule      fw1, table inet filter, chain forward, handle 18: the rule was changed",
        "report: /runs/r1/report.txt",
    ]
    failed = caught()
    failed.changes = compare(failed.before, failed.before)
    failed.reasons = ["app08 failed at task 'Copy'"] * 4
    assert len(text.summary(failed, FILES).splitlines()) == 5


def test_a_path_that_is_as_before_is_told_in_a_word() -> None:
    found = caught()
    found.decision = "confirmed"
    found.revert = None
    found.changes = compare(found.before, found.before)
    assert (
        "  path 0  open, 10 of 10 app hosts  as before" in text.after(found, FILES, diff=False).splitlines()
    )


def test_a_revert_that_is_not_proven_says_what_to_do_by_hand() -> None:
    found = caught()
    found.decision = "unproven"
    assert found.revert is not None
    found.revert.fingerprint = False
    found.revert.trouble, found.revert.manual = (
        ["fw1: NOT RESTORED"],
        ["fw1: on its own console, as root, run: /x"],
    )
    told = text.after(found, FILES, diff=False)
    assert "THE REVERT IS NOT PROVEN" in told
    assert "TROUBLE   fw1: NOT RESTORED" in told
    assert "BY HAND   fw1: on its own console, as root, run: /x" in told


def lost(result: str = "timeout") -> After:
    """Connections fail, and no path got worse by what was read."""
    found = caught()
    found.changes = compare(found.before, found.before)
    found.rows = [ProbeRow("path 0", "app08", "10.10.1.66", "10.20.1.10", 5432, result, "open")]
    found.odd = disagreements(found.rows, [])
    assert found.proof is not None
    assert found.revert is not None
    place = {"text": "icmpv6 type { nd-neighbor-solicit } accept", "handle": 9, "line": None, "position": 3}
    found.proof.document["rule_changes"] = {
        "db1": [
            {"set": "inet/filter/s", "change": "members", "removed": ["10.0.0.1"], "added": [], "more": 0}
        ],
        "fw1": [{"ruleset": "inet/filter/input", "change": "removed", "before": place, "after": None}],
    }
    found.revert.changed = {"fw1": ["file/etc/nftables.conf", "nft/inet/filter", "nft/arp/f"]}
    return found


def test_what_was_changed_is_suspected_where_nothing_that_was_read_explains_lost_connections() -> None:
    lines = text.after(lost(), FILES, diff=False).splitlines()
    first = lines.index("suspects  what was changed, though by what was read it cuts off nothing:")
    assert lines[first + 1 : first + 6] == [
        "  fw1, table arp f: what it does is not part of what was read",
        "  fw1, table inet filter, chain input, handle 9: removed",
        "    - icmpv6 type { nd-neighbor-solicit } accept",
        "  db1, set inet/filter/s: members were changed",
        "    - 10.0.0.1",
    ]


def test_suspects_fit_a_screen() -> None:
    found = lost()
    assert found.proof is not None
    entries = found.proof.document["rule_changes"]["fw1"]
    entries *= 60
    lines = text.after(found, FILES, diff=False).splitlines()
    assert len(lines) <= 40
    assert "  and 56 more changes" in lines


def test_nothing_is_suspected_of_a_change_that_is_kept_or_that_a_path_tells() -> None:
    kept = lost()
    kept.decision = "confirmed"
    assert "suspects" not in text.after(kept, FILES, diff=False)
    told = lost()
    told.changes = caught().changes
    assert "suspects" not in text.after(told, FILES, diff=False)


def test_who_listens_explains_refused_connections_first() -> None:
    found = lost("refused")
    assert found.proof is not None
    words = "open by rules, but postgres listens on tcp 5432 only on loopback, not on 10.20.1.10 (ipv4)"
    found.proof.document["findings"] = [
        {"kind": "listener", "severity": "medium", "message": words, "host": "db1", "path": "path 0"}
    ]
    told = text.after(found, FILES, diff=False)
    assert f"cause     db1: {words}" in told
    assert told.count(words) == 1
    assert "suspects" not in told


def test_a_task_that_fails_before_it_does_anything_is_no_outage() -> None:
    found = caught()
    found.decision = "failed"
    found.failures = [HostFailure("app08", "failed", "Copy the file")]
    found.changes = compare(found.before, found.before)
    found.reasons = [found.failures[0].text()]
    assert found.revert is not None
    found.revert.changed = {}
    told = text.after(found, FILES, diff=False)
    assert "all paths are as before" in told
    assert "STILL IN PLACE" not in told
    found.revert.trouble = ["app08 (10.10.1.66) to 10.20.1.10 port 5432: timeout; got through before"]
    assert "STILL IN PLACE" in text.after(found, FILES, diff=False)


def test_the_way_out_is_told_where_the_host_is_not_protected() -> None:
    found = caught()
    found.decision = "failed"
    assert found.revert is not None
    assert found.proof is not None
    found.revert.changed = {}
    found.run.protected = ["fw2"]
    command = (
        "nft replace rule inet filter forward handle 18 'ip saddr 10.10.1.0/24 "
        + "tcp dport 5432 " * 12
        + "accept'"
    )
    found.proof.document["paths"][0]["remedy"][0]["commands"] = [command]
    lines = text.after(found, FILES, diff=False).splitlines()
    assert f"    put it back: {command}" in lines
    words = " ".join(line.strip() for line in lines)
    told = "BY HAND   fw1: not protected; undo the change as told above, and add to path_guard_protect for next time"
    assert told in words
    found.run.unprotected = {"fw1": "its login does not become root (set become)"}
    assert "fw1 is not protected (its login does not become root (set become))" in text.after(
        found, FILES, diff=False
    )
    found.run.protected = ["fw1"]
    assert "not protected" not in text.after(found, FILES, diff=False)


def test_what_traffic_counts_is_no_difference() -> None:
    found = caught()
    assert found.proof is not None
    old, new = ({"text": f"tcp dport 22 counter packets {count} bytes 60 accept"} for count in (7, 9))
    found.proof.document["rule_changes"] = {
        "fw1": [{"ruleset": "inet/filter/forward", "change": "moved", "before": old, "after": new}]
    }
    told = text.after(found, FILES, diff=True)
    assert "- tcp dport 22 counter accept" in told
    assert "packets 9" not in told


def test_what_is_still_as_the_change_left_it_is_told_once() -> None:
    found = caught()
    found.decision = "failed"
    assert found.revert is not None
    worse = f"still worse than before: {found.changes[0].text()}"
    lost_one = "app08 (10.10.1.66) to 10.20.1.10 port 5432: timeout; got through before"
    found.revert.trouble = [worse, lost_one, "no host is protected by a checkpoint: nothing was put back"]
    assert text.after(found, FILES, diff=False).count("TROUBLE") == 3, "the revert did not cure it"
    found.revert.changed = {}
    told = text.after(found, FILES, diff=False)
    assert [line for line in told.splitlines() if line.startswith("TROUBLE")] == [
        "TROUBLE   no host is protected by a checkpoint: nothing was put back"
    ]


def test_hosts_that_were_put_back_alike_are_told_as_one() -> None:
    found = caught(12)
    assert found.revert is not None
    names = [f"app{number:03}" for number in range(1, 201)]
    found.revert.changed = {"fw1": ["nft/inet/filter"], **dict.fromkeys(names, ("iptables/filter",))}
    found.revert.by_timer = ["app007"]
    found.revert.fingerprints["app007"] = "cd" * 32
    lines = text.after(found, FILES, diff=False).splitlines()
    assert len(lines) <= 40
    assert [line for line in lines if line.startswith("reverted")] == [
        "reverted  fw1 (table inet filter): put back; fingerprint abababababab, equal to the checkpoint's",
        "reverted  app001-app006, app008-app200 (iptables filter): put back; fingerprints equal to the checkpoints'",
        "reverted  app007 (iptables filter): its own timer was first; fingerprint cdcdcdcdcdcd, equal to the checkpoint's",
    ]


def test_where_there_is_no_room_a_path_keeps_its_row() -> None:
    found = caught()
    assert found.revert is not None
    found.revert.manual = [f"{number} by hand " * 30 for number in range(5)]
    found.revert.trouble = [f"{number} trouble " * 30 for number in range(5)]
    found.revert.changed = {f"fw{number}": [f"nft/inet/t{number}"] for number in range(5)}
    lines = text.after(found, FILES, diff=False).splitlines()
    assert sum("path 0" in line for line in lines) == 1
    assert any(line.startswith("  path 0  open") and "NEWLY VIOLATED" in line for line in lines)
