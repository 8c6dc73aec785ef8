# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard tells where connections alone speak against a change: what explains them, and what was changed.

The rules and routes that were read let such connections pass, so no change is proven to be the cause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..analyse.rulechanges import settled
from .after import CONFIRMED, After
from .detail import addresses, some, where
from .revert import thing

# How many changes are told; --diff and the JSON report have all.
TOLD = 6
_WORDS = {"default_action": "the default action was changed", "members": "members were changed"}

Entry = Mapping[str, Any]


def unexplained(found: After) -> bool:
    """Whether new connections fail, and no path got worse by what was read."""
    return (
        found.decision != CONFIRMED
        and any(item.new for item in found.odd)
        and not any(change.fails for change in found.changes)
    )


def listeners(found: After) -> list[str]:
    """Where connections are refused, what is known of who listens: that is no firewall's doing."""
    refused = {item.row.path for item in found.odd if item.new and item.row.result == "refused"}
    findings: Sequence[Entry] = found.proof.document["findings"] if found.proof else []
    return list(
        dict.fromkeys(
            f"{item['host']}: {item['message']}"
            for item in findings
            if item["kind"] == "listener" and item["path"] in refused
        )
    )


def suspects(found: After) -> list[str]:
    """Each change on a line, with what was and what is below it."""
    changes = list(_changes(found))
    if not changes:
        return []
    lines = ["suspects  what was changed, though by what was read it cuts off nothing:"]
    for change in changes[:TOLD]:
        lines += change
    return lines + ([f"  and {len(changes) - TOLD} more changes"] if len(changes) > TOLD else [])


def _changes(found: After) -> Iterator[list[str]]:
    """What was put back first."""
    by_host: Mapping[str, Sequence[Entry]] = found.proof.document["rule_changes"] if found.proof else {}
    back = found.revert.changed if found.revert else {}
    for host in dict.fromkeys([*back, *by_host]):
        entries = by_host.get(host, ())
        for table in back.get(host, ()):
            if not table.startswith("file/") and not any(_of(entry, table) for entry in entries):
                yield [f"  {host}, {thing(table)}: what it does is not part of what was read"]
        for entry in entries:
            yield _change(host, entry)


def _place(entry: Entry) -> str:
    return str(entry.get("ruleset") or entry.get("chain") or entry.get("set"))


def _of(entry: Entry, table: str) -> bool:
    place = f"{_place(entry)}/"
    return f"nft/{place}".startswith(f"{table}/") or place.startswith(f"{table}/")


def _change(host: str, entry: Entry) -> list[str]:
    if "set" in entry:
        lines = [f"  {host}, set {entry['set']}: {_WORDS.get(entry['change'], entry['change'])}"]
        sides = [(sign, entry.get(name)) for sign, name in (("-", "removed"), ("+", "added"))]
        return lines + [f"    {sign} {addresses(members)}" for sign, members in sides if members]
    then, now = entry.get("before"), entry.get("after")
    at = now if isinstance(now, Mapping) else then if isinstance(then, Mapping) else None
    lines = [f"  {where(host, _place(entry), at)}: {_WORDS.get(entry['change'], entry['change'])}"]
    return lines + [f"    {sign} {_words(side)}" for sign, side in (("-", then), ("+", now)) if side]


def _words(side: Any) -> str:
    return settled(str(side["text"])) if isinstance(side, Mapping) else str(side)


def told(found: After) -> list[str]:
    """All of it; empty where the paths tell it."""
    if not unexplained(found):
        return []
    return [f"cause     {line}" for line in some(listeners(found), TOLD)] or suspects(found)
