# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits that a policy assumes not to be exceeded, while connections fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import screen
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.cause import without_idle_guesses
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.checks import FINE, UNKNOWN
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.run import Diagnosis
from ansible_collections.pathguard.network.plugins.plugin_utils.model.assumptions import (
    RATE_LIMITS_NOT_EXCEEDED,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Match, Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import (
    ACCEPT,
    DROP,
    REJECT,
    Ruleset,
)
from tests.support.diagnose_scene import Ailing
from tests.support.states import APPS, app_rule, match, rule, ruleset, stateful

CHAIN = "inet/filter/forward"
POLICY: dict[str, Any] = {
    "title": "Shop",
    "requiredPaths": [
        {
            "name": "app to primary",
            "from": {"group": "app"},
            "to": {"group": "db_primary"},
            "service": "postgresql",
            "assume": [RATE_LIMITS_NOT_EXCEEDED],
        }
    ],
}
OVER = "tcp dport 5432 limit rate over 5/second burst 5 packets counter drop"
HANDLE = "handle:13"


def limited(
    words: str = OVER,
    verdict: Any = DROP,
    then: bool = False,
    port: int = 5432,
    accepted: tuple[str, Match] | None = None,
) -> Ruleset:
    limit = Unknown(f"{CHAIN}: {words}", "a limit depends on earlier packets", RATE_LIMITS_NOT_EXCEEDED, then)
    matched = both(match(proto="tcp", dport=port), limit)
    text, accept = accepted or app_rule()
    rules = [*stateful(), rule(3, words, matched, verdict), rule(4, text, accept, ACCEPT)]
    return ruleset(CHAIN, "forward", "deny", rules)


def asked(ailing: Ailing, rules: Ruleset, counts: int, result: str = "timeout") -> Diagnosis:
    """Connections of three hosts fail, and the limit's rule counts meanwhile."""
    ailing.change(rules)
    ailing.fail(result, *APPS[7:])
    sides = ({"fw1": {"rules": {CHAIN: {HANDLE: number}}}} for number in (9, 9 + counts))
    ailing.site.counters = list(sides)
    return ailing.ask(policy=POLICY)


def ways(found: Diagnosis) -> str:
    return {check.name: check.state for check in found.checks}["rules on the way"]


@pytest.mark.parametrize("result", ["timeout", "flapping"])
def test_a_limit_that_counted_is_a_likely_cause(ailing: Ailing, result: str) -> None:
    found = asked(ailing, limited(), 121, result)
    first = found.causes[0]
    assert (first.host, first.chain, first.now, first.confidence) == ("fw1", CHAIN, OVER, "likely")
    assert first.firewall
    lost = 3 if result == "flapping" else 9
    assert first.evidence == [
        f"probes: {lost} of 9 new connections of these failed ({result})",
        f"counter: fw1, table inet filter, chain forward, handle 13 counted 121 packets while {lost} of 9 new connections "
        "failed",
    ]
    assert first.next[0].startswith("on fw1: raise the limit")
    assert (found.verdict.kind, found.verdict.certain, found.verdict.cleared) == ("firewall", False, False)
    assert found.verdict.text.startswith(
        "It may be the firewall: fw1, table inet filter, chain forward, handle 13: "
        "beyond its rate this rule denies new connections"
    )


@pytest.mark.parametrize("result", ["timeout", "flapping"])
def test_where_a_limit_has_counted_nothing_is_guessed_beside_it(ailing: Ailing, result: str) -> None:
    """Not that the host may be down, nor that something may be in between: what drops them was seen."""
    found = asked(ailing, limited(), 121, result)
    assert [cause.layer for cause in found.causes] == ["firewall"]
    assert screen.contradictions(found.case, found.causes) == []


def test_a_limit_accounts_for_its_own_paths_alone(ailing: Ailing) -> None:
    found = asked(ailing, limited(), 121)
    assert [cause.guess for cause in found.causes] == [False]
    other = replace(found.causes[0], paths=["another"])
    guess = replace(found.causes[0], guess=True, accounts=False)
    assert without_idle_guesses([other, guess]) == [other, guess]
    elsewhere = replace(found.causes[0], hosts=["app01"])
    assert without_idle_guesses([elsewhere, guess]) == [elsewhere, guess]


def test_a_limit_that_did_not_count_is_possible_and_clears_nothing(ailing: Ailing) -> None:
    found = asked(ailing, limited(), 0)
    assert [(cause.layer, cause.confidence) for cause in found.causes] == [
        ("path", "likely"),
        ("firewall", "possible"),
    ]
    assert "let them pass as long as no rate limit is exceeded" in found.causes[0].what
    assert (found.verdict.kind, found.verdict.cleared) == ("unknown", False)
    assert ways(found) == UNKNOWN


@pytest.mark.parametrize(
    ("words", "likely"),
    [
        ("tcp dport 5432 counter limit rate over 5/second drop", False),
        ('tcp dport 5432 limit rate over 5/second counter drop comment "limit of floods"', True),
    ],
)
def test_a_counter_before_the_limit_counts_what_passes_too(ailing: Ailing, words: str, likely: bool) -> None:
    found = asked(ailing, limited(words), 121)
    told = next(cause for cause in found.causes if cause.firewall)
    assert told.confidence == ("likely" if likely else "possible")
    assert not found.verdict.cleared


def test_a_refusal_comes_of_a_limit_that_rejects(ailing: Ailing) -> None:
    """A packet that is dropped is answered by nobody."""
    words = OVER.replace("drop", "reject with tcp reset")
    found = asked(ailing, limited(words, REJECT), 121, "refused")
    assert any(cause.now == words and cause.confidence == "likely" for cause in found.causes)
    ailing.site.counters = []
    ailing.change(limited())
    again = ailing.ask(policy=POLICY, run_id="again")
    assert not any(cause.now == OVER for cause in again.causes)


def test_what_is_accepted_up_to_a_rate(ailing: Ailing) -> None:
    """Nothing tells what became of the rest: its counter counts what passed."""
    words = "tcp dport 5432 limit rate 5/second counter accept"
    found = asked(ailing, limited(words, ACCEPT, True, accepted=app_rule(port=22)), 40)
    told = next(cause for cause in found.causes if cause.firewall)
    assert (told.host, told.confidence) == ("fw1", "possible")
    assert "it may deny new connections beyond a rate" in told.what
    assert not found.verdict.cleared


def test_a_limit_of_something_else_is_no_suspect(ailing: Ailing) -> None:
    found = asked(ailing, limited(port=22), 121)
    assert not any(cause.firewall for cause in found.causes)
    assert found.verdict.cleared
    assert ways(found) == FINE


def test_while_connections_get_through_no_limit_is_told(ailing: Ailing) -> None:
    ailing.change(limited())
    found = ailing.ask(policy=POLICY)
    assert found.causes == []
    assert (found.verdict.kind, found.verdict.cleared) == ("nothing", True)
