# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report's path in words: the phrases that all renderings for people share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.match import merge_ranges
from ..model.text import WIDTH, address_range, ranges_to_text
from ..policy.persistence import Unsaved
from ..policy.too_big import sentence
from .clean import listed

Entry = Mapping[str, Any]
_BESIDE = 2  # rules told
_UNSAVED = 3  # hosts told
_DIRECTION = {"new": "new connections", "established": "packets of open connections", "reply": "replies"}
_FAMILY = {"ipv4": "IPv4", "ipv6": "IPv6"}
_FAMILY_OF = {4: "IPv4", 6: "IPv6"}
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
}
# What stands before a command that a person copies: such a line is not wrapped, or it would not work.
COMMAND = "put it back: "
COMMAND_ON = "put it back on "


def counted(count: int, what: str) -> str:
    """``1 pair``, ``20 pairs``."""
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def worst_first(paths: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Violations first, the most severe first; the policy's order otherwise."""
    return sorted(
        paths,
        key=lambda path: (path["waived"], _ORDER[path["satisfied"]], _SEVERITY.get(path["severity"], 1)),
    )


def share(path: Entry) -> str:
    """``7 of 10 app hosts open``, ``14 of 20 pairs open``, ``none open``; ``none wholly open`` where a part of the
    service is."""
    found = _share(path, path["share"])
    return f"{found} wholly open" if found == "none" and path["status"] == "partial" else f"{found} open"


def _share(path: Entry, value: Entry) -> str:
    pairs, hosts = value["pairs"], value["hosts"]
    if not pairs["open"]:
        return "none"
    families = by_family(value)
    text = f"{number(pairs['open'])} of {number(pairs['total'])} pairs"
    text += f" ({families})" if families else ""
    if not hosts:
        return text
    found = hosts_share(path, value)
    return found if hosts["total"] == pairs["total"] else f"{found}, {text}"


def hosts_share(path: Entry, value: Entry) -> str:
    """``7 of 10 app hosts``."""
    return f"{value['hosts']['open']} of {value['hosts']['total']} {_group(path)}hosts"


def _group(path: Entry) -> str:
    label = path["from"].partition("group ")
    return f"{label[2]} " if label[1] and not label[0] and " except " not in label[2] else ""


def short_share(path: Entry) -> str:
    """The share in a table's cell: ``7 of 10 app hosts``, or pairs where the sources are no hosts; where one family
    alone is cut, so that no host is whole, ``IPv4 10 of 10, IPv6 0 of 10 pairs``. Of a path that is unknown, the part
    that is not known: ``1 of 10 app hosts not known``."""
    value = path["share"]
    if path["status"] == "unknown":
        return _not_known(path, value)
    families = by_family(value)
    if families and (not value["hosts"] or not value["hosts"]["open"]):
        return f"{families} pairs"
    if value["hosts"]:
        return hosts_share(path, value)
    return f"{number(value['pairs']['open'])} of {number(value['pairs']['total'])} pairs"


def _not_known(path: Entry, value: Entry) -> str:
    tally, what = value["hosts"], f"{_group(path)}hosts"
    if not tally or not tally["unknown"]:
        tally, what = value["pairs"], "pairs"
    return f"{number(tally['unknown'])} of {number(tally['total'])} {what} not known"


def by_family(value: Entry) -> str:
    """``IPv4 10 of 10, IPv6 0 of 10`` where the families of a share do not fare alike; else nothing."""
    tallies = value["families"]
    if len({tally["open"] / (tally["total"] or 1) for tally in tallies.values()}) < 2:
        return ""
    return ", ".join(
        f"{_FAMILY[name]} {number(tally['open'])} of {number(tally['total'])}"
        for name, tally in tallies.items()
    )


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
    ends = [listed(shorter(part[name], most), most) or "any" for name in ("from", "to")]
    return " -> ".join(ends)


def shorter(items: list[str], most: int) -> list[str]:
    """Addresses of which there are more than can be told, and which are most of a family's, by what they leave out:
    ``any IPv4 address but 10.10.1.0/24``. Otherwise as they are."""
    if len(items) <= most:
        return items
    found: list[str] = []
    for family, name in _FAMILY_OF.items():
        mine = [item for item in items if (":" in item) == (family == 6)]
        left = _rest(mine, family) if len(mine) > most else None
        if left is None:
            found += mine
            continue
        more = [f"{len(left) - most} more"] if len(left) > most else []
        but = " and ".join([*left[:most], *more])
        found.append(f"any {name} address{but and f' but {but}'}")
    return found


def _rest(items: list[str], family: int) -> list[str] | None:
    """The prefixes of all other addresses of the family; None where these are the most of it, or one is no address."""
    try:
        ranges = merge_ranges(address_range(item)[1:] for item in items)
    except ValueError:
        return None
    everything = 1 << WIDTH[family]
    if 2 * sum(last - first + 1 for first, last in ranges) <= everything:
        return None
    low, others = 0, []
    for first, last in [*ranges, (everything, everything)]:
        if low < first:
            others.append((low, first - 1))
        low = last + 1
    return ranges_to_text("src", others, family)


def pieces(path: Entry, part: Entry) -> list[Entry]:
    """A part's flows for people, ``{from, to, service}`` each: ``tcp 5432``, and source ports where they are not
    all that is asked about. What differs between the families in its addresses alone is one."""
    alike: dict[tuple[str, str], list[tuple[list[str], list[str]]]] = {}
    for piece in part["flows"]:
        sources, targets = piece.get("src", ["any"]), piece.get("dst", ["any"])
        family = "6" if any(":" in item for item in [*sources, *targets]) else "4"
        alike.setdefault((_service_of(path, piece), family), []).append((sources, targets))
    found: dict[str, list[dict[str, Any]]] = {}
    for (service_text, _family), ends in alike.items():
        held = found.setdefault(service_text, [])
        if len(ends) == 1 and len(held) == 1 and held[0]["single"]:
            held[0]["from"] += [item for item in ends[0][0] if item not in held[0]["from"]]
            held[0]["to"] += [item for item in ends[0][1] if item not in held[0]["to"]]
            continue
        held += [
            {"from": list(sources), "to": list(targets), "service": service_text, "single": len(ends) == 1}
            for sources, targets in ends
        ]
    return [entry for held in found.values() for entry in held]


def _service_of(path: Entry, piece: Entry) -> str:
    names = ",".join(piece.get("protocol", ["any protocol"]))
    ports = ",".join(piece.get("dst_port") or piece.get("icmp_type") or [])
    found = f"{names} {ports}".strip()
    sources: list[str] = piece.get("src_port") or path["source_ports"]
    return found if sources == path["source_ports"] else f"{found}, source ports {listed(sources, 4)}"


def piece_text(piece: Entry, most: int = _MOST) -> str:
    """``10.10.1.66 -> 10.20.1.10, tcp 5432``."""
    return f"{part_text(piece, most)}, {piece['service']}"


def one_way_only(path: Entry) -> str:
    """``over fw2 only; over fw1 open: part of the new connections fail``, where what is cut off on one of several ways
    is open on another; else nothing."""
    cut = [leg for leg in path["legs"] if leg["pairs"]["spared"]]
    if not cut or path["kind"] != "required":
        return ""
    whole = all(leg["pairs"]["spared"] == leg["pairs"]["cut"] for leg in cut)
    bad = " and ".join(_way(leg) for leg in cut)
    good = " and ".join(_way(leg) for leg in path["legs"] if leg not in cut and leg["status"] == "open")
    each = "each " if len(cut) > 1 and not good else ""
    found = f"{'' if whole else 'partly '}{each}{bad} only{f'; {good} open' if good else ''}"
    return f"{found}: part of the new connections fail"


def _way(leg: Entry) -> str:
    return f"over {' '.join(leg['hops'])}" if leg["hops"] else "directly"


def runs(names: list[str]) -> list[str]:
    """Names that differ in a number alone, and follow each other, as one: ``app01-app10``."""
    found: list[list[str]] = []
    for name in names:
        if found and _next_of(found[-1][-1]) == name:
            found[-1].append(name)
        else:
            found.append([name])
    return [item for run in found for item in (run if len(run) < 3 else [f"{run[0]}-{run[-1]}"])]


def _next_of(name: str) -> str:
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    return f"{stem}{int(digits) + 1:0{len(digits)}d}" if digits else ""


def decision(entry: Entry) -> str:
    """``fw1 inet/filter/forward rule 3 handle 12 (new connections)``, without the rule's text."""
    where = _DIRECTION[entry["direction"]]
    if not entry["rules"]:
        return f"{entry['reason'] or entry['host']} ({where})"
    rule = entry["rules"][-1]
    return f"{place(entry['host'], rule['chain'], rule)} ({where})"


def unmet(path: Entry) -> list[str]:
    """What a path lacks although its flows are open: the reasons that stand in no other line of it."""
    found = []
    errors = path.get("too_big")
    if errors and errors["required"] and errors["errors"] != "pass":
        found.append(sentence(errors))
    for host in (path.get("persistent") or {"hosts": ()})["hosts"][:_UNSAVED]:
        found.append(Unsaved(**host).text())
    return found


def beside(entry: Entry) -> list[tuple[str, str]]:
    """(place, text) of the first rules that let the rest pass where a default action stops a part."""
    return [
        (place(entry["host"], rule["chain"], rule), rule["text"])
        for rule in entry.get("beside", ())[:_BESIDE]
    ]


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


def cost(path: Entry, cure: Entry) -> str:
    """``; it costs app08-app10``: what a change did alone, where several did something."""
    if len(path["remedy"]) < 2 or not cure["pairs"]:
        return ""
    return f"; it costs {listed(runs(cure['hosts']), _MOST) or counted(cure['pairs'], 'pair')}"


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
