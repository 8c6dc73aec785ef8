# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a path's ways: where its rows and lines lie. What is drawn is in templates/html/picture.svg.j2.

Each host, or set of hosts that fare alike, has a row of its own, and each way a track on the left, as version control
draws branches: so any number of ways fits on a phone, and every name has the whole width. A track leaves the
sources, passes its routers, and joins the others at the destination; who stops replies comes last.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import words
from .clean import clipped, listed

Entry = Mapping[str, Any]
WIDTH = 340
# Pixels: the first track, from one track to the next, the height of a row's lines of text, and what is between rows.
_LEFT, _APART, _LINE, _GAP = 14, 18, 17, 16
# Pixels that a letter takes at most in the middle, by what it says: names are bold and larger.
_NAME, _QUIET, _STRONG = 8.6, 7.4, 8.2
_MOST_WAYS = 6
_MOST_NAMES = 3
_MOST_LINES = 2
_BEND = 14
_MARKS = ("stop", "doubt", "lost", "end", "pass")

SOURCE, ROUTER, END, BACK = "source", "router", "end", "back"
# CALM: of a forbidden path, what is stopped further on.
GOES, SOME, NONE, DOUBT, CALM = "goes", "some", "none", "doubt", "calm"


@dataclass
class Row:
    """``title``: who. ``ways``: by which interfaces. ``ended``: cut, unknown or through -> (pairs, of how many).
    ``mark``: the symbol. ``x``, ``y``: its middle, in pixels. ``lines``: (kind, text), below the title."""

    key: tuple[Any, ...]
    role: str
    title: str
    ways: list[str] = field(default_factory=list)
    ended: dict[str, tuple[int, int]] = field(default_factory=dict)
    mark: str = "pass"
    x: int = 0
    y: int = 0
    text_x: int = 0
    lines: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A line from one row to the next of a way. ``kind``: whether all, some or none of the way's pairs are left."""

    path: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """``told``: the same in words."""

    height: int
    rows: list[Row]
    lines: list[Line]
    told: str
    more: int


def picture(path: Entry) -> Picture | None:
    """The ways of a report's path; None where the report has none (an end without a snapshot, for example)."""
    ways = [_way(path, leg) for leg in path["legs"][:_MOST_WAYS]]
    if not ways:
        return None
    rows: dict[tuple[Any, ...], Row] = {}
    for role in (SOURCE, ROUTER, END, BACK):
        for track, way in enumerate(ways):
            for row, _left in way:
                if row.role == role:
                    held = rows.setdefault(row.key, row)
                    _merge(held, row)
                    if held is row:
                        row.x = _LEFT + _APART * (track if role == ROUTER else 0)
    for row in rows.values():
        row.lines = _said(path, row)
    told = "; ".join(_told(path, leg, way) for leg, way in zip(path["legs"], ways))
    height = _place(rows.values(), len(ways))
    lines = [line for track, way in enumerate(ways) for line in _lines(way, rows, _LEFT + _APART * track)]
    return Picture(height, list(rows.values()), lines, told, len(path["legs"]) - len(ways))


_Way = list[tuple[Row, str]]  # each row, and what of the way's pairs goes on after it


def _way(path: Entry, leg: Entry) -> _Way:
    total = leg["pairs"]["total"]
    cut = unknown = 0
    found: _Way = []
    for role, at, stages in _roles(leg):
        row = _row(path, role, at, stages, total)
        cut += row.ended.get("cut", (0, 0))[0]
        unknown += row.ended.get("unknown", (0, 0))[0]
        found.append((row, _left(path, leg, cut, unknown)))
    if not any(row.role == SOURCE for row, _kind in found):
        found.insert(0, (_end_of(path, SOURCE, "from outside", "pass"), _left(path, leg, 0, 0)))
    if not any(row.role == END for row, _kind in found):
        kind = found[-1][1]
        note = "nothing of this gets here" if kind == NONE else "not gathered"
        found.append((_end_of(path, END, note, "lost" if kind == NONE else "end"), kind))
    order = (SOURCE, ROUTER, END, BACK)
    found.sort(key=lambda item: order.index(item[0].role))
    if path["kind"] == "forbidden" and leg["pairs"]["open"]:
        end = next(row for row, _kind in found if row.role == END)
        end.ended["through"] = (leg["pairs"]["open"], total)
        end.mark = "stop"
    return found


def _left(path: Entry, leg: Entry, cut: int, unknown: int) -> str:
    """What of a way's pairs goes on behind a row, when so many have ended up to there. What comes in by one of several
    interfaces may be stopped at each of several hosts, so of a forbidden path the numbers don't add up."""
    if path["kind"] == "forbidden":
        if leg["pairs"]["open"]:
            return SOME if cut else GOES
        return NONE if cut else CALM
    if cut >= leg["pairs"]["total"]:
        return NONE
    return DOUBT if unknown else SOME if cut else GOES


def _end_of(path: Entry, role: str, note: str, mark: str) -> Row:
    """An end that no host which was read stands for."""
    label = path["from" if role == SOURCE else "to"]
    return Row((role, label, note), role, label, [note], mark=mark)


def _roles(leg: Entry) -> list[tuple[str, int, list[Entry]]]:
    """(role, the number of the router, stages) in the order of the stages; those of one place together."""
    hops = list(leg["hops"])
    of_replies = {host for way in leg["replies"] for host in way}.difference(hops)
    found: list[tuple[str, int, list[Entry]]] = []
    for stage in leg["stages"]:
        place = _place_of(stage, hops, of_replies, bool(found))
        if found and found[-1][:2] == place:
            found[-1][2].append(stage)
        else:
            found.append((*place, [stage]))
    return found


def _place_of(stage: Entry, hops: Sequence[str], of_replies: set[str], begun: bool) -> tuple[str, int]:
    hosts, came, left = stage["hosts"], stage["in_interface"], stage["out_interface"]
    if not came and (left or not begun) and not (not left and set(hosts) <= set(hops)):
        return SOURCE, 0
    if len(hosts) == 1 and hosts[0] in hops:
        return ROUTER, hops.index(hosts[0])
    return (BACK if set(hosts) <= of_replies else END), 0


def _row(path: Entry, role: str, at: int, stages: Sequence[Entry], total: int) -> Row:
    hosts = list(dict.fromkeys(host for stage in stages for host in stage["hosts"]))
    title = listed(words.runs(hosts), _MOST_NAMES)
    ways = list(dict.fromkeys(_interfaces(stage) for stage in stages if _interfaces(stage)))
    if role == SOURCE and path["from"].startswith("any"):
        ways = [f"from outside, and of {title}"]
        title = path["from"]
    row = Row((role, at, *hosts), role, title, ways, mark="end" if role == END else "pass")
    told = {
        tuple(stage["hosts"]): stage for stage in stages
    }.values()  # a host counts once, not by its interfaces
    for kind, mark in (("unknown", "doubt"), ("cut", "stop")):
        pairs = sum(stage[kind] for stage in told)
        if pairs:
            row.ended[kind] = (pairs, total)
            row.mark = mark
    return row


def _interfaces(stage: Entry) -> str:
    """``app0 → db0``"""
    came, left = stage["in_interface"], stage["out_interface"]
    if came and left:
        return f"{came} \N{RIGHTWARDS ARROW} {left}"
    return f"in by {came}" if came else f"out by {left}" if left else ""


def _merge(held: Row, row: Row) -> None:
    """A row that several ways share tells what all of them lose there."""
    held.ways += [way for way in row.ways if way not in held.ways]
    for kind, (pairs, total) in row.ended.items():
        held.ended[kind] = max(held.ended.get(kind, (0, 0)), (pairs, total))
    held.mark = min((held.mark, row.mark), key=_MARKS.index)


def _said(path: Entry, row: Row) -> list[tuple[str, str]]:
    found = [("quiet", listed(row.ways, _MOST_LINES))] if row.ways else []
    replies = "replies of " if row.role == BACK else ""
    for kind, (pairs, total) in row.ended.items():
        number = words.number(pairs)
        share = (
            number if pairs >= total or path["kind"] == "forbidden" else f"{number} of {words.number(total)}"
        )
        noun = "pair" if pairs == 1 else "pairs"
        ends = f"{replies}{share} {noun} {'ends' if pairs == 1 else 'end'} here"
        wanted = f"stops {share} {noun}, as wanted"
        tone, text = {
            "cut": ("stop", f"\N{MULTIPLICATION X} {wanted if path['kind'] == 'forbidden' else ends}"),
            "unknown": ("doubt", f"? {replies}{share} {noun} not known"),
            "through": ("through", f"\N{MULTIPLICATION X} {share} {noun} get through"),
        }[kind]
        found.append((tone, text))
    return found


def _place(rows: Iterable[Row], tracks: int) -> int:
    """Gives each row its place, and cuts what would stick out; the height of all."""
    y = 4
    for row in rows:
        row.y = y + _LINE // 2 + 1
        row.text_x = _LEFT + _APART * (tracks - 1) + 16
        room = WIDTH - row.text_x
        row.title = clipped(row.title, int(room / _NAME))
        row.lines = [
            (kind, clipped(text, int(room / (_QUIET if kind == "quiet" else _STRONG))))
            for kind, text in row.lines
        ]
        y += _LINE * (1 + len(row.lines)) + _GAP
    return y - _GAP + 6


def _lines(way: _Way, rows: Mapping[tuple[Any, ...], Row], x: int) -> list[Line]:
    """From row to row, along the way's own track where the rows lie on another."""
    found = []
    for (first, left), (second, _kind) in itertools.pairwise(way):
        start, end = rows[first.key], rows[second.key]
        parts = [f"M{start.x} {start.y}"]
        if start.x != x:
            parts.append(f"C{start.x} {start.y + _BEND} {x} {start.y} {x} {start.y + _BEND}")
        if end.x != x:
            parts.append(f"V{end.y - _BEND}C{x} {end.y} {end.x} {end.y - _BEND} {end.x} {end.y}")
        else:
            parts.append(f"V{end.y}")
        found.append(Line("".join(parts), left))
    return found


def _told(path: Entry, leg: Entry, way: _Way) -> str:
    """``app01-app10, then fw1 (3 of 10 pairs end here), then db1: partial``"""
    parts = []
    for row, _kind in way:
        said = [text.lstrip("\N{MULTIPLICATION X}? ") for kind, text in _said(path, row) if kind != "quiet"]
        parts.append(f"{row.title} ({'; '.join(said)})" if said else row.title)
    return f"{', then '.join(parts)}: {leg['status']}"
