# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a default action cuts off a part, the rules that let the rest pass are told: one of them is too narrow."""

from __future__ import annotations

from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from tests.support.states import DROP, app_rule, forward, match, rule, small_lab
from tests.unit.policy.test_validate import entry, proven, required


def beside(report: dict[str, Any]) -> list[list[str]]:
    return [[rule["text"] for rule in item["beside"]] for item in entry(report)["deciding"]]


def test_the_narrow_rule_is_told_where_the_default_action_denies() -> None:
    report = proven(required(), small_lab(fw1=[forward(app_rule("10.10.1.0/26"))]))
    (texts,) = beside(report)
    assert len(texts) == 1
    assert "10.10.1.0/26" in texts[0]
    told = render(report, "text")
    assert f"the rest passes by fw1 inet/filter/forward rule 3 handle 13: {texts[0]}" in " ".join(
        told.split()
    )
    for other in ("markdown", "html"):
        assert "the rest passes by" in render(report, other).lower()


def test_a_rule_that_denies_needs_no_other() -> None:
    rules = forward(app_rule("10.10.1.0/24"))
    rules.rules.insert(2, rule(3, "ip saddr 10.10.1.128/25 drop", match(src="10.10.1.128/25"), DROP))
    assert beside(proven(required(), small_lab(fw1=[rules]))) == [[]]


def test_nothing_passes_beside_what_is_blocked_as_a_whole() -> None:
    assert beside(proven(required(), small_lab(fw1=[forward()]))) == [[]]
