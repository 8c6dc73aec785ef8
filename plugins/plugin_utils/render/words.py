# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's path in words: the phrases that all renderings for people share."""

from __future__ import annotations

from typing import Any

from .clean import listed

Entry = dict[str, Any]
_DIRECTION = {"new": "new connections", "established": "packets of open connections", "reply": "replies"}
_MOST = 8
_LARGE = 10_000_000
_ORDER = {"no": 0, "unknown": 1, "yes": 2}
_SEVERITY = {"critical": 0, "high": 1, "medium": 2, "low": 3, "info": 4}
ACTIONS = {
    "put_back": "put back",
    "remove": "remove",
    "move_back": "move back",
    "set_back": "set back",
    "restore_members": "restore",
    "route": "put the route back",
    "compare": "compare",
}


def worst_first(paths: list[Entry]) -> list[Entry]:
    """Violations first, the most severe first; the policy's order otherwise."""
    return sorted(
        paths,
        key=lambda path: (path["waived"], _ORDER[path["satisfied"]], _SEVERITY.get(path["severity"], 1)),
    )


def share(path: Entry) -> str:
    """``7 of 10 app hosts open``, ``14 of 20 pairs open``, ``none open``."""
    found = _share(path, path["share"])
    return f"{found} open"


def _share(path: Entry, value: Entry) -> str:
    pairs, hosts = value["pairs"], value["hosts"]
    if not pairs["open"]:
        return "none"
    text = f"{number(pairs['open'])} of {number(pairs['total'])} pairs"
    if not hosts:
        return text
    label = path["from"].partition("group ")
    group = f"{label[2]} " if label[1] and not label[0] and " except " not in label[2] else ""
    found = f"{hosts['open']} of {hosts['total']} {group}hosts"
    return found if hosts["total"] == pairs["total"] else f"{found}, {text}"


def number(count: int) -> str:
    """Small numbers as they are; the pairs of whole networks by their size."""
    return str(count) if count < _LARGE else f"{count:.1e}".replace("e+", "e")


def before(path: Entry) -> str:
    """``before: open`` where there is a baseline and it was not the same."""
    old = path["before"]
    if old is None or (old["status"] == path["status"] and old["share"] == path["share"]):
        return ""
    whole = (
        old["status"] in ("open", "blocked")
        and old["share"]["pairs"]["total"] == path["share"]["pairs"]["total"]
    )
    return f"before: {old['status']}" if whole else f"before: {old['status']}, {_share(path, old['share'])}"


def about(finding: Entry) -> str:
    """The host or path that a finding is about."""
    found: str = finding.get("host") or finding.get("path") or finding.get("where") or ""
    return found


def service(path: Entry) -> str:
    found = [
        " ".join([item["protocol"], ",".join(item.get("ports") or item.get("types") or [])]).strip()
        for item in path["services"]
    ]
    return ", ".join(dict.fromkeys(found))


def bad_part(path: Entry) -> Entry | None:
    """The certain violation, if there is one."""
    part: Entry | None = path["cut"] if path["kind"] == "required" else path["permitted"]
    return part if part and part["flows"] else None


def part_text(part: Entry, most: int = _MOST) -> str:
    """``10.10.1.66, ... -> 10.20.1.10``."""
    return f"{listed(part['from'], most) or 'any'} -> {listed(part['to'], most) or 'any'}"


def ports_text(part: Entry) -> str:
    """The protocols and ports of a part's flows, where they differ from "all of the service"."""
    found: dict[str, None] = {}
    for piece in part["flows"]:
        names = ",".join(piece.get("protocol", ["any protocol"]))
        found[f"{names} {','.join(piece.get('dst_port', piece.get('icmp_type', [])))}".strip()] = None
    return listed(list(found), 4)


def decision(entry: Entry) -> str:
    """``fw1 inet/filter/forward rule 3 handle 12 (new connections)``, without the rule's text."""
    where = _DIRECTION[entry["direction"]]
    if not entry["rules"]:
        return f"{entry['reason'] or entry['host']} ({where})"
    rule = entry["rules"][-1]
    return f"{place(entry['host'], rule['chain'], rule)} ({where})"


def place(host: str, chain: str, rule: Entry) -> str:
    found = [host, chain]
    if rule.get("position"):
        found.append(f"rule {rule['position']}")
    if rule.get("handle") is not None:
        found.append(f"handle {rule['handle']}")
    elif rule.get("line") is not None:
        found.append(f"line {rule['line']}")
    return " ".join(part for part in found if part)


def cure_place(cure: Entry) -> str:
    """Where to act: what is to go stands where it is now, anything else where it was."""
    first, second = ("now", "before") if cure["action"] == "remove" else ("before", "now")
    return place(cure["host"], cure["chain"], cure[first] or cure[second] or {})


def mark(path: Entry) -> str:
    if path["waived"]:
        return "WAIVED"
    return {"yes": "ok", "no": "FAIL", "unknown": "UNKNOWN"}[path["satisfied"]]


def headline(report: Entry) -> str:
    summary = report["summary"]
    title = report["policy"]["title"] or report["policy"]["name"]
    return f"PathGuard {summary['verdict'].upper()}: {title}"


def totals(report: Entry) -> str:
    summary = report["summary"]
    status = ", ".join(f"{count} {name}" for name, count in summary["status"].items() if count)
    found = f"{summary['satisfied']['yes']} of {summary['paths']} paths as wanted ({status or 'none'})"
    found += f"; {summary['hosts']} hosts read"
    if summary["configuration"]:
        found += f"; {summary['configuration']} configuration facts not as wanted"
    return found + (f"; {summary['waived']} waived" if summary["waived"] else "")
