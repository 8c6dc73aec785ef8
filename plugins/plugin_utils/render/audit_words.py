# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit in words: what templates and the screen share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..analyse.rulechanges import settled
from .change_words import flow_text
from .clean import listed
from .words import counted

Entry = Mapping[str, Any]
CONNECTIONS = {"new": "new connections", "established": "open connections", "other": "other packets"}
KINDS = {
    "unreachable_rule": "rules that no packet comes to",
    "any_any": "rules that permit everything",
    "expired_waiver_rule": "rules that serve nothing but expired waivers",
    "unserved_rule": "rules that serve no policy",
    "unbound_list": "lists and chains that nothing uses",
    "not_saved": "rules that a reboot would lose",
}
# Why hygiene was not examined on a host that was read in part.
NO_RULES = "its rules could not be read"
# How parts begin that nobody has asked for, or that saved files lack: they are not what is wrong.
_LEFT_OUT = ("not gathered", "not given")
_MOVED = (("lost", "lost"), ("gained", "gained"), ("rewritten", "otherwise translated or marked"))
_MOST = 3
_HYGIENE = {
    "hygiene_low": ("low", "medium", "high"),
    "hygiene_medium": ("medium", "high"),
    "hygiene_high": ("high",),
}


def headline(audit: Entry) -> str:
    part = audit["slice"]
    which = f", slice {part['number']} of {part['count']}" if part else ""
    return f"PathGuard {audit['summary']['verdict'].upper()}: audit {audit['name'] or audit['id']}{which}"


def totals(audit: Entry) -> str:
    summary = audit["summary"]
    hosts = ", ".join(f"{count} {name}" for name, count in summary["hosts"].items() if count)
    paths = f"{summary['satisfied']['yes']} of {summary['paths']} paths as wanted"
    status = ", ".join(f"{count} {name}" for name, count in summary["status"].items() if count)
    found = [
        f"hosts: {hosts or 'none'}",
        f"policies: {len(audit['policies'])}; {paths}{f' ({status})' if status else ''}{waived(summary)}",
        drifted(audit),
        hygiene(summary),
    ]
    if summary["not_examined"]:
        found.append(f"{counted(summary['not_examined'], 'thing')} not examined")
    return "; ".join(found)


def waived(summary: Entry) -> str:
    return f", {summary['waived']} waived" if summary["waived"] else ""


def drifted(audit: Entry) -> str:
    if audit["baseline"] is None:
        return "no baseline"
    told, unknown = len(reworded(audit)), len(not_compared(audit))
    found = f"{len(moved(audit))} of {len(audit['drift'])} hosts drifted"
    found += f", {unknown} not compared" if unknown else ""
    return f"{found}, {told} reworded" if told else found


def hygiene(summary: Entry) -> str:
    found = [f"{count} {name}" for name, count in reversed(summary["hygiene_by_severity"].items()) if count]
    return f"hygiene: {', '.join(found) or 'nothing'}"


def unread(audit: Entry) -> list[Entry]:
    return [host for host in audit["hosts"] if host["status"] != "read"]


def blind(audit: Entry) -> list[tuple[str, str]]:
    """(host, why its rules could not be read) of hosts that were read otherwise."""
    told = {one["host"] for one in audit["not_examined"] if one["reason"] == NO_RULES}
    return [(host["name"], why_blind(host["unreadable"])) for host in audit["hosts"] if host["name"] in told]


def why_blind(unreadable: Sequence[str]) -> str:
    """``unreadable``: ``part: reason`` each."""
    wrong = [one for one in unreadable if not one.partition(": ")[2].startswith(_LEFT_OUT)]
    return "; ".join(wrong or unreadable[:1])


def not_examined(audit: Entry) -> list[Entry]:
    """What was not looked at, but of hosts that were not read at all; ``where`` it is, and ``fails``: whether the
    verdict is about it. Of a host whose rules could not be read, nothing was looked at."""
    told = {host["name"] for host in unread(audit)}
    everything = "not_examined" in audit["summary"]["fail_on"]
    return [
        {
            **one,
            "where": one["host"] or "all hosts",
            "fails": everything or (one["what"] == "hygiene" and fails_on_violation(audit)),
        }
        for one in audit["not_examined"]
        if one["host"] not in told
    ]


def missed(left: Sequence[Entry]) -> list[Entry]:
    """``not_examined`` by what it is and why: what is so of several hosts is told once, with all of its ``hosts``."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in left:
        found.setdefault((one["what"], one["reason"]), []).append(one["host"])
    return [
        {"what": what, "reason": reason, "hosts": [host for host in hosts if host]}
        for (what, reason), hosts in found.items()
    ]


def first_line(text: str) -> str:
    """Errors have several lines; cleaned of control characters they have one."""
    return text.partition(" where: ")[0]


def drifts(audit: Entry) -> list[Entry]:
    return [one for one in audit["drift"] if one["status"] != "same"]


def moved(audit: Entry) -> list[Entry]:
    """Hosts that are surely not as in the baseline."""
    return [one for one in drifts(audit) if one["status"] != "unknown"]


def not_compared(audit: Entry) -> list[Entry]:
    return [one for one in audit["drift"] if one["status"] == "unknown"]


def reworded(audit: Entry) -> list[Entry]:
    """Hosts whose rules are written otherwise, such as with another comment, and do the same."""
    return [one for one in audit["drift"] if one["status"] == "same" and one["rules"]]


def place(finding: Entry) -> str:
    """``fw1 inet/filter/forward rule 3``."""
    found = [finding["host"], finding["ruleset"]]
    if finding["position"]:
        found.append(f"rule {finding['position']}")
    if finding["handle"] is not None:
        found.append(f"handle {finding['handle']}")
    elif finding["line"] is not None:
        found.append(f"line {finding['line']}")
    return " ".join(part for part in found if part)


def drift_head(one: Entry) -> str:
    """``fw1 changed 2026-11-23 04:29:13 UTC by alice``."""
    words = {
        "same": "is reworded, and does the same",
        "new": "is not in the baseline",
        "gone": "is gone",
        "unknown": "could not be compared",
    }
    found = f"{one['host']} {words.get(one['status'], one['status'])}"
    if one["when"]:
        found += f" {one['when']}"
    if one["by"]:
        found += f", {one['by']}" if one["by"].startswith("managed by") else f" by {one['by']}"
    if one["reason"]:
        found += f": {one['reason']}"
    return found


def drift_flows(one: Entry) -> Iterator[str]:
    """A line for each part of what fares otherwise."""
    for name, word in _MOVED:
        for moved in one[name]:
            yield from _parts(f"{word} at {_at(moved)}", moved)
    for moved in one["unsettled"]:
        turn = (
            f"was {moved['was']}, is {moved['is']}"
            if moved["was"] != moved["is"]
            else "unknown, and not as before"
        )
        yield from _parts(f"{turn} at {_at(moved)}", moved)


def _at(moved: Entry) -> str:
    return f"{moved['ruleset'] or moved['hook']}, {CONNECTIONS[moved['connection']]}"


def _parts(head: str, moved: Entry) -> Iterator[str]:
    for flow in moved["flows"]:
        yield f"{head}: {flow_text(flow)}"
    if moved["more"]:
        yield f"{head}: {'' if moved['counted'] else 'at least '}{moved['more']} more parts"


def without_effect(one: Entry) -> bool:
    """Whether rules changed, and no packet fares otherwise for all that is known."""
    return (
        one["status"] == "changed"
        and not one["reason"]
        and not any(one[name] for name in ("gained", "lost", "unsettled", "rewritten", "elsewhere"))
    )


def drift_rules(one: Entry) -> Iterator[tuple[str, str, str]]:
    """(what changed where, before, now); empty where there is none."""
    for change in one["rules"]:
        where = change.get("ruleset") or change.get("chain") or change.get("set") or ""
        if "removed" in change:
            yield (
                f"{change['change']} of {where}",
                listed(change["removed"], _MOST),
                listed(change["added"], _MOST),
            )
            continue
        before, after = change.get("before"), change.get("after")
        rule = after if isinstance(after, Mapping) else before
        number = f" rule {rule['position']}" if isinstance(rule, Mapping) and rule.get("position") else ""
        yield f"{change['change']}: {where}{number}", _rule_text(before), _rule_text(after)
    for other in one["elsewhere"]:
        yield f"{other['what']} changed", listed(other["removed"], _MOST), listed(other["added"], _MOST)


def _rule_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return settled(str(value["text"]))
    return "" if value is None else str(value)


def fails_on_drift(audit: Entry) -> bool:
    return "drift" in audit["summary"]["fail_on"]


def fails_on_violation(audit: Entry) -> bool:
    return "violation" in audit["summary"]["fail_on"]


def fails_on(audit: Entry, finding: Entry) -> bool:
    """Whether the verdict is about a finding of hygiene."""
    wanted = audit["summary"]["fail_on"]
    return any(finding["severity"] in some for name, some in _HYGIENE.items() if name in wanted)
