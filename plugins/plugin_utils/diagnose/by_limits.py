# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits that a policy assumes not to be exceeded, where connections say that one is: the proof is then open, and
may be wrong. What each limit's rule has counted tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..guard.detail import rule_text, where
from ..guard.probes import OPEN, ProbeRow
from ..guard.proof import prove
from ..model.assumptions import RATE_LIMITS_NOT_EXCEEDED
from ..model.match import assumptions_of
from ..model.rules import DROP, REJECT, Rule
from ..model.state import State
from ..policy.ends import Resolver
from ..policy.paths import Policy
from .by_rules import counted, join, layer, said_by_probes
from .case import Case, Entry, Limit, of_path
from .cause import LIKELY, POSSIBLE, Cause

# What connections meet whose packets are dropped; and what an answer makes of them (nft(8), "reject").
_DROPPED = ("flapping", "timeout", "network_error")
_REFUSED = (*_DROPPED, "refused", "reset", "no_route")
_OF_IPTABLES = ("iptables", "ip6tables")


def limits_of(
    policy: Policy,
    states: Mapping[str, State],
    groups: Mapping[str, Sequence[str]],
    folder: Path,
    names: Resolver,
) -> list[Limit]:
    """What may deny the paths once a limit is exceeded: their proof without the assumption tells."""
    assuming = [path for path in policy.paths if path.required and RATE_LIMITS_NOT_EXCEEDED in path.assume]
    if not assuming:
        return []
    doubting = tuple(
        replace(path, assume=tuple(name for name in path.assume if name != RATE_LIMITS_NOT_EXCEEDED))
        for path in assuming
    )
    asked = replace(policy, paths=doubting, boundaries=(), siblings=(), configuration=False)
    document = prove(asked, states, groups, folder, resolver=names).document
    return [
        Limit(entry["name"], item)
        for entry in document["paths"]
        for item in entry["deciding"]
        if item["verdict"] == "unknown" and item["rules"]
    ]


def causes(case: Case) -> list[Cause]:
    return join([cause for limit in case.limits for cause in _of(case, limit)])


def _of(case: Case, limit: Limit) -> Iterator[Cause]:
    last = limit.item["rules"][-1]
    rule = _rule(case, last)
    results = _DROPPED if rule is not None and rule.verdict == DROP else _REFUSED
    rows = of_path(case.failed(OPEN, result=results), limit.path)
    if not rows:
        return
    place = where(last["host"], last["chain"], last)
    moved = rule is not None and _denied_meanwhile(case, last, rule)
    yield Cause(
        layer=layer(case, last["host"], last["chain"]),
        host=last["host"],
        what=f"{place}: {_what(limit.item, rule)}; the policy assumes that no rate limit is exceeded",
        confidence=LIKELY if moved else POSSIBLE,
        evidence=[*said_by_probes(rows), *counted(case, limit.item, rows)],
        firewall=True,
        place=place,
        chain=last["chain"],
        rule=dict(last),
        now=rule_text(last),
        paths=[limit.path],
        pairs=len(rows),
        hosts=list(dict.fromkeys(row.host for row in rows)),
        next=_next(last, rows),
        accounts=moved,
    )


def _what(item: Entry, rule: Rule | None) -> str:
    if rule is not None and rule.verdict in (DROP, REJECT):
        return "beyond its rate this rule denies new connections"
    return f"it may deny new connections beyond a rate: {item['reason']}"


def _next(last: Entry, rows: Sequence[ProbeRow]) -> list[str]:
    many = len({(row.source, row.address) for row in rows})
    return [
        f"on {last['host']}: raise the limit, or except these sources from it; {many} ways met it while they were tried"
    ]


def _rule(case: Case, told: Entry) -> Rule | None:
    """The rule that a limit is part of: the one of the model, of those that one rule of the host became."""
    state = case.states.get(told["host"])
    chain = (state.rulesets.get(told["chain"]) or state.chains.get(told["chain"])) if state else None
    return next(
        (
            rule
            for rule in (chain.rules if chain is not None else ())
            if rule.position == told["position"] and RATE_LIMITS_NOT_EXCEEDED in assumptions_of(rule.match)
        ),
        None,
    )


def _denied_meanwhile(case: Case, told: Entry, rule: Rule) -> bool:
    """Whether a rule has counted what it denied. A counter of nft that stands before the limit counts what passes,
    too: statements are done from left to right (nft(8), "Rules"); iptables counts what a rule as a whole matches."""
    if rule.verdict not in (DROP, REJECT):
        return False
    words = rule.text.partition(' comment "')[0]
    of_iptables = told["chain"].startswith(_OF_IPTABLES)
    if not of_iptables and words.rfind("limit ") > words.find("counter") >= 0:
        return False
    return bool(case.counted.rule(told["host"], told["chain"], told["position"]))
