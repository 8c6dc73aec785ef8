# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit on one screen: at most 40 lines of 100 columns, however many hosts and policies there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import audit_words as words
from .clean import clipped, listed
from .screen import LINES, WIDTH, wrapped
from .words import COMMAND, COMMAND_ON, runs, worst_first

Entry = dict[str, Any]
Block = list[str]
# Lines that each part may have before others have had theirs.
_FIRST = {"reasons": 4, "hosts": 4, "paths": 14, "drift": 8, "hygiene": 6, "not examined": 2}
_WHAT = {
    "reasons": "reasons",
    "hosts": "hosts that could not be read",
    "paths": "paths that are not as wanted",
    "drift": "hosts that drifted",
    "hygiene": "findings",
    "not examined": "things that were not examined",
}
_MOST_OF_A_DRIFT = 5
_MOST_HOSTS = 6
# How lines begin that tell a rule as it was, and as it is.
_WAS, _IS = ("before:", "- "), ("now:", "+ ")
# A command that is cut does not work.
_COMMANDS = (COMMAND, COMMAND_ON)


def screen(audit: Entry, path_block: Callable[[Entry], Block]) -> list[str]:
    """``path_block``: the long form of a path that is not as wanted."""
    head = [part for line in (words.headline(audit), words.totals(audit)) for part in wrapped(line, WIDTH)]
    parts = {
        "reasons": [wrapped(f"because {reason}", WIDTH) for reason in audit["summary"]["reasons"]],
        "hosts": [
            wrapped(f"unread  {host['name']}: {words.first_line(host['error'])}", WIDTH)
            for host in words.unread(audit)
        ]
        + [wrapped(f"unread  rules of {host}: {why}", WIDTH) for host, why in words.blind(audit)],
        "paths": _paths(audit, path_block),
        "drift": [_drift(one) for one in [*words.drifts(audit), *words.reworded(audit)]],
        "hygiene": [_finding(one) for one in audit["hygiene"]],
        "not examined": [wrapped(line, WIDTH) for line in _missed(audit)],
    }
    lines = [*head, *_shared(parts, LINES - len(head))]
    return [line if line.lstrip().startswith(_COMMANDS) else clipped(line, WIDTH) for line in lines]


def _paths(audit: Entry, path_block: Callable[[Entry], Block]) -> list[Block]:
    found: list[Block] = []
    several = len(audit["policies"]) > 1
    for policy in audit["policies"]:
        if policy["error"]:
            found.append(
                [f"FAIL    {policy['file']} could not be judged: {words.first_line(policy['error'])}"]
            )
        if policy["report"] is None:
            continue
        for item in policy["report"]["findings"]:
            if item["kind"] == "configuration":
                found.append([f"FAIL    {policy['file']}: {item['message']}"])
        for path in worst_first(policy["report"]["paths"]):
            if path["satisfied"] != "yes":
                block = path_block(path)
                found.append([*block[:1], *([f"        in {policy['file']}"] if several else []), *block[1:]])
    return found


def _drift(one: Mapping[str, Any]) -> Block:
    found = [f"drift   {words.drift_head(one)}"]
    if words.without_effect(one):
        found[0] += ", and no packet fares otherwise"
    # Where nothing knows the moment, the two snapshots still say between which ones it was: that is the first there is.
    if not one["when"]:
        found += [f"        {line}" for line in one["evidence"][:1]]
    flows = list(words.drift_flows(one))
    found += [f"        {line}" for line in flows[:_MOST_OF_A_DRIFT]]
    if len(flows) > _MOST_OF_A_DRIFT:
        found.append(f"        and {len(flows) - _MOST_OF_A_DRIFT} more parts")
    rules = list(words.drift_rules(one))
    for what, before, now in rules[:_MOST_OF_A_DRIFT]:
        found.append(f"        {what}")
        found += [f"          - {before}"] if before else []
        found += [f"          + {now}"] if now else []
    more = len(rules) - _MOST_OF_A_DRIFT + one["more_rules"]
    return [*found, f"        and {more} more changes"] if more > 0 else found


def _finding(one: Entry) -> Block:
    found = wrapped(f"{one['severity']:<7} {words.place(one)}: {one['message']}", WIDTH)
    return [*found, *wrapped(f"          {one['text']}", WIDTH)] if one["text"] else found


def _missed(audit: Entry) -> Block:
    found = []
    for one in words.missed(audit["not_examined"]):
        of = f" of {listed(runs(one['hosts']), _MOST_HOSTS)}" if one["hosts"] else ""
        found.append(f"not examined: {one['what']}{of}: {one['reason']}")
    return found


def _shared(parts: Mapping[str, list[Block]], room: int) -> Block:
    """Each part gets its first lines, and what is left then goes to those that have more, in their order."""
    wanted = {name: sum(map(len, blocks)) for name, blocks in parts.items()}
    given = {name: min(wanted[name], _FIRST[name]) for name in parts}
    left = room - sum(given.values())
    for name in parts:
        more = max(min(left, wanted[name] - given[name]), 0)
        given[name] += more
        left -= more
    return [line for name, blocks in parts.items() for line in _cut(blocks, given[name], _WHAT[name])]


def _cut(blocks: list[Block], room: int, what: str) -> Block:
    """Whole blocks as long as there is room; then the first line of each; then how many there are beside them."""
    if sum(map(len, blocks)) <= room:
        return [line for block in blocks for line in block]
    shown = blocks if len(blocks) <= room else blocks[: max(room - 1, 0)]
    spare = room - len(shown) - (len(shown) < len(blocks))
    found: Block = []
    for block in shown:
        kept = _paired(block, 1 + max(spare, 0))
        spare -= len(kept) - 1
        found += kept
    if len(shown) < len(blocks):
        found.append(f"... and {len(blocks) - len(shown)} more {what}")
    return found


def _paired(block: Block, room: int) -> Block:
    """The block's first lines. What a rule was says nothing without what it is; and that lines are missing shows."""
    if len(block) <= room:
        return block
    kept = block[:room]
    was = max((at for at, line in enumerate(kept) if line.lstrip().startswith(_WAS)), default=0)
    if was and not any(line.lstrip().startswith(_IS) for line in kept[was:]):
        kept = kept[:was] if any(line.lstrip().startswith(_IS) for line in block[room:]) else kept
    if len(kept) > 1 and not kept[-1].lstrip().startswith(_COMMANDS):
        kept[-1] = f"{clipped(kept[-1], WIDTH - 4)} ..."
    return kept
