# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report for people: on one screen, whatever the rules say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.guard import record, text
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.after import After
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.compare import PathView, compare
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.probes import ProbeRow
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.proof import Proof
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.revert import Revert

FILES = {"text": Path("/runs/r1/report.txt"), "json": Path("/runs/r1/report.json")}
RULE = 'ip saddr 10.10.1.0/26 tcp dport 5432 counter packets 7 bytes 420 accept comment "app"'


def entry(name: str, comment: str = "") -> dict[str, Any]:
    nothing: dict[str, Any] = {"flows": [], "from": [], "to": [], "hosts": [], "reasons": []}
    place = {"text": RULE + comment, "handle": 18, "line": None, "position": 3}
    return {
        "name": name,
        "kind": "required",
        "services": [{"protocol": "tcp", "ports": ["5432"]}],
        "cut": {**nothing, "flows": [{}], "from": ["10.10.1.66"], "to": ["10.20.1.10"], "hosts": ["app08"]},
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
            }
        ],
        "deciding": [],
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
    found.proof = Proof({"paths": [entry(name, comment) for name in names], "rule_changes": {}}, after)
    found.rows = [ProbeRow(names[0], "app08", "10.10.1.66", "10.20.1.10", 5432, "timeout", "cut", 0, 3, 3, 3)]
    found.revert = Revert(
        "reverted", {"fw1": ["nft/inet/filter"]}, [], True, {"fw1": "ab" * 32}, True, paths, True, 1, 1
    )
    return found


def test_all_that_matters_is_told() -> None:
    told = text.after(caught(), FILES, diff=False)
    for part in (
        "REVERTED, and the revert is PROVEN",
        "open, 10 of 10 app hosts  -> partial, 9 of 10 app hosts  NEWLY VIOLATED",
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


@pytest.mark.parametrize("paths", [1, 3, 50])
def test_it_fits_a_screen(paths: int) -> None:
    assert len(text.after(caught(paths), FILES, diff=False).splitlines()) <= 40


def test_a_rule_can_not_steer_the_terminal() -> None:
    told = text.after(caught(comment="\x1b[2J\x07 {{ 7 * 7 }}"), FILES, diff=False)
    assert "\x1b" not in told
    assert "\x07" not in told
    assert "{{ 7 * 7 }}" in told


def test_the_summary_is_at_most_five_lines() -> None:
    lines = text.summary(caught(9), FILES).splitlines()
    assert len(lines) <= 5
    assert lines[-1] == "report: /runs/r1/report.txt"


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
