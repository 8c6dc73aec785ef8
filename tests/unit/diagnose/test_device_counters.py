# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices count for the entries of their lists, as they show it, and what a diagnosis makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.device_counters import counted
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP, Verdict
from tests.support.diagnose_scene import Ailing
from tests.support.states import app_rule, match, rule, ruleset, small_lab

SHOWN = {
    "cisco_ios": (
        """Standard IP access list MGMT
    10 permit 10.99.0.0, wildcard bits 0.0.0.255
Extended IP access list APP-IN
    10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432 (1200 matches)
    20 permit icmp any any (1 match)
    40 deny ip any any log (9 matches)
IPv6 access list SIX
    permit tcp any any eq 22 (3 matches) sequence 10
""",
        {
            "MGMT": {"line:10": 0},
            "APP-IN": {"line:10": 1200, "line:20": 1, "line:40": 9},
            "SIX": {"line:10": 3},
        },
    ),
    "cisco_nxos": (
        """IP access list APP-IN
        statistics per-entry
        10 permit tcp 10.10.1.0/24 10.20.1.10/32 eq 5432 [match=1200]
        20 deny ip any any [match=0]
IP access list QUIET
        10 permit ip any any
""",
        {"APP-IN": {"line:10": 1200, "line:20": 0}},
    ),
    "arista_eos": (
        """IP Access List APP-IN
        counters per-entry
        10 permit tcp 10.10.1.0/24 host 10.20.1.10 eq 5432 [match 1200, 0:00:10 ago]
        20 deny ip any any
Standard IP Access List QUIET
        10 permit any
""",
        {"APP-IN": {"line:10": 1200, "line:20": 0}},
    ),
    "cisco_asa": (
        """access-list cached ACL log flows: total 0, denied 0 (deny-flow-max 4096)
            alert-interval 300
access-list IN; 3 elements; name hash: 0x4eb8c7b1
access-list IN line 1 remark the door
access-list IN line 2 extended permit tcp object-group APP host 10.20.1.10 eq postgresql (hitcnt=7) 0x1a2b3c4d
  access-list IN line 2 extended permit tcp 10.10.1.0 255.255.255.0 host 10.20.1.10 eq 5432 (hitcnt=7) 0x5e6f7a8b
access-list IN line 3 extended deny ip any any (hitcnt=0) 0x9c0d1e2f
""",
        {"IN": {"line:2": 7, "line:3": 0}},
    ),
}


@pytest.mark.parametrize("platform", SHOWN)
def test_what_a_device_shows(platform: str) -> None:
    text, expected = SHOWN[platform]
    assert counted(platform, text) == expected
    assert counted(platform, "") == {}


@pytest.mark.parametrize(("after", "says"), [(109, True), (100, False)])
def test_an_entry_that_moves_while_connections_fail_is_evidence(
    tmp_path: Path, after: int, says: bool
) -> None:
    """One that does not is none against it: hardware may have dropped them."""
    ailing = Ailing(tmp_path, small_lab())
    entries = [
        replace(
            rule(1, "10 deny ip 10.10.1.64 0.0.0.63 any", match(src="10.10.1.64/26"), DROP),
            line=10,
            handle=None,
        ),
        replace(rule(2, *app_rule()), line=20, handle=None),
    ]
    jump = replace(rule(1, "ip access-group APP-IN in", match(), Verdict("jump", "APP-IN")), handle=None)
    fw1 = ailing.site.hosts["fw1"].state
    fw1.platform = "cisco_ios"
    fw1.rulesets = {
        "APP-IN": ruleset("APP-IN", "", "deny", entries),
        "interfaces/in": ruleset("interfaces/in", "forward", "permit", [jump]),
    }
    ailing.fail("timeout", "app08", "app09")
    ailing.site.told_hits = [
        {"fw1": {"APP-IN": {"line:10": 100}}},
        {"fw1": {"APP-IN": {"line:10": after}}},
    ]
    found = ailing.ask()
    assert found.causes[0].now == "10 deny ip 10.10.1.64 0.0.0.63 any"
    told = [line for line in found.causes[0].evidence if line.startswith("counter: ")]
    assert bool(told) is says
    assert told in (
        [],
        ["counter: fw1, APP-IN, rule 1 counted 9 packets while 6 of 6 new connections failed"],
    )
