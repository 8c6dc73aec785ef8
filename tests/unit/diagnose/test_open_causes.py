# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy forbids and the network lets pass: who opened it, and beside it what is cut off."""

from __future__ import annotations

from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import screen
from tests.support.diagnose_scene import Ailing
from tests.support.states import APPS, app_rule, forward, match

CLOSED = {"name": "no ssh", "from": {"group": "app"}, "to": {"prefix": "10.20.1.128/25"}, "service": "ssh"}
NEEDED = {
    "name": "app to primary",
    "from": {"group": "app"},
    "to": {"group": "db_primary"},
    "service": "postgresql",
}
POLICY: dict[str, Any] = {"title": "Shop", "requiredPaths": [NEEDED], "forbiddenPaths": [CLOSED]}


def test_a_default_action_that_was_flipped(ailing: Ailing) -> None:
    ailing.ask(policy=POLICY, run_id="good")
    ailing.change(forward(app_rule(), default="permit"))
    found = ailing.ask(policy=POLICY, history=ailing.folder / "runs", run_id="bad")
    first = found.causes[0]
    assert found.verdict.text.startswith(
        "It is the firewall, which lets pass what must be closed: fw1, table inet filter, chain forward: "
        "the default action was changed; it opens what must be closed: 'no ssh'"
    )
    assert (found.verdict.kind, found.verdict.certain) == ("firewall", True)
    assert (first.opens, first.host, first.before, first.now) == (
        True,
        "fw1",
        "default action: deny",
        "default action: permit",
    )
    assert first.commands == ["nft 'chain inet filter forward { policy drop; }'"]
    assert first.when[0].startswith("it was closed ")
    assert any("lets pass 10.10.1.5" in line for line in first.evidence)
    assert "'no ssh' is to be closed, and is " in screen.text(found)


def test_the_rule_that_permits_it_without_anything_earlier(ailing: Ailing) -> None:
    wide = "ip saddr 10.10.1.0/24 accept"
    ailing.change(forward(app_rule(), (wide, match(src="10.10.1.0/24"))))
    found = ailing.ask(policy=POLICY)
    assert found.causes[0].now == wide
    assert "permits what must be closed: 'no ssh'" in found.verdict.text


def test_what_is_cut_off_is_told_first(ailing: Ailing) -> None:
    """Though more is open than is cut off, and though the server's part is not certain."""
    ailing.change(forward(app_rule(), default="permit"))
    ailing.fail("handshake_failed", *APPS)
    found = ailing.ask(policy=POLICY)
    assert [cause.opens for cause in found.causes] == [False, True]
    assert found.verdict.text.startswith("It is not the firewall: db1: port 5432")
    assert found.verdict.cleared


def test_what_a_waiver_accepts_is_no_cause(ailing: Ailing) -> None:
    waived = {**CLOSED, "waiver": {"expires": "2999-01-01", "reason": "migration"}}
    ailing.change(forward(app_rule(), default="permit"))
    found = ailing.ask(policy={**POLICY, "forbiddenPaths": [waived]})
    assert found.verdict.kind == "nothing"
    assert found.causes == []


def test_what_was_cut_off_before_is_not_said_to_have_been_open(ailing: Ailing) -> None:
    """A standby that no rule ever knew, beside a rule that was narrowed: each has its own history."""
    standby = {**NEEDED, "name": "app to standby", "to": {"group": "db_standby"}}
    policy = {"title": "Shop", "requiredPaths": [NEEDED, standby]}

    def known(source: str) -> Any:
        words = f"ip saddr {source} ip daddr 10.20.1.10 tcp dport 5432 accept"
        return forward((words, match(src=source, dst="10.20.1.10", proto="tcp", dport=5432)))

    ailing.change(known("10.10.1.0/24"))
    ailing.ask(policy=policy, run_id="before")
    ailing.change(known("10.10.1.0/26"))
    found = ailing.ask(policy=policy, history=ailing.folder / "runs", run_id="after")
    told = {cause.paths[0]: cause for cause in found.causes}
    assert told["app to primary"].when[0].startswith("it was open ")
    assert told["app to standby"].when[0].startswith("it was so already ")
