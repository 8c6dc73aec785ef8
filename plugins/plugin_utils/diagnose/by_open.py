# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lets pass that a policy forbids: the change that opened it, or the rule that permits it now. Nothing of it is
tried: the proof tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..guard.detail import PLACES, addresses, hosts, rule_text, where
from ..render import words
from .by_rules import join, layer
from .case import Case, Entry
from .cause import CERTAIN, POSSIBLE, ROUTE, Cause

PERMIT = "permit"
PARTS_TOLD = 2


def causes(case: Case) -> list[Cause]:
    """One for each change, or each rule that permits, whichever forbidden paths it opens; none of those that a waiver
    accepts."""
    bad = [entry for entry in case.forbidden if entry["satisfied"] != "yes" and not entry["waived"]]
    return join([cause for entry in bad for cause in _of_path(case, entry)])


def _of_path(case: Case, entry: Entry) -> Iterator[Cause]:
    sure = bool(entry["permitted"]["flows"])
    permits = [item for item in entry["deciding"] if item["verdict"] == PERMIT and item["rules"]]
    for cure in entry["remedy"]:
        yield _changed(case, entry, cure, permits, sure)
    if not entry["remedy"]:
        for item in permits[:1]:
            yield _permitting(case, entry, item)


def _changed(case: Case, entry: Entry, cure: Entry, permits: Sequence[Entry], sure: bool) -> Cause:
    chain = cure["chain"]
    place = where(cure["host"], chain or PLACES[cure["change"]], cure["now"] or cure["before"])
    evidence = _proof(entry)
    for item in permits[:1]:
        last = item["rules"][-1]
        if (last["chain"], last["position"]) != (chain, (cure["now"] or {}).get("position")):
            evidence.append(f"so that: {where(last['host'], last['chain'], last)}: {rule_text(last)}")
    return Cause(
        layer=layer(case, cure["host"], chain) if chain else ROUTE,
        host=cure["host"],
        what=f"{place}: {cure['note']}; it {'opens' if sure else 'may open'} what must be closed: '{entry['name']}'",
        confidence=CERTAIN if sure else POSSIBLE,
        evidence=evidence,
        firewall=bool(chain),
        place=place,
        chain=chain,
        rule=dict(cure["now"] or cure["before"] or {}) or None,
        before=rule_text(cure["before"]) if cure["before"] else "",
        now=rule_text(cure["now"]) if cure["now"] else "",
        commands=list(cure["commands"]),
        paths=[entry["name"]],
        pairs=cure["pairs"],
        hosts=list(cure["hosts"]),
        opens=True,
        changed=True,
    )


def _permitting(case: Case, entry: Entry, item: Entry) -> Cause:
    """What permits now, where nothing is known to compare with."""
    last = item["rules"][-1]
    place = where(last["host"], last["chain"], last)
    verb = "permits" if last["position"] else "denies by no rule, and permits by default,"
    return Cause(
        layer=layer(case, last["host"], last["chain"]),
        host=last["host"],
        what=f"{place}, {verb} what must be closed: '{entry['name']}'",
        confidence=CERTAIN,
        evidence=_proof(entry),
        firewall=True,
        place=place,
        chain=last["chain"],
        rule=dict(last),
        now=rule_text(last),
        paths=[entry["name"]],
        pairs=item["pairs"],
        hosts=list(entry["permitted"]["hosts"]),
        opens=True,
    )


def _proof(entry: Entry) -> list[str]:
    part = entry["permitted"]
    found = []
    for piece in words.pieces(dict(entry), dict(part))[:PARTS_TOLD] if part["flows"] else ():
        who = f" ({hosts(part['hosts'])})" if part["hosts"] else ""
        found.append(
            f"proof: lets pass {addresses(piece['from'])}{who} to {addresses(piece['to'])}, {piece['service']}"
        )
    return found
