# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules have changed about flows on their way: fields that are constants by now, or not known.

An overlay is laid over a set of flows as they came in, so that every answer stays one about those. It
also remembers which translation a connection already has, because it gets one of each kind only.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.fields import CONNECTION_STATES, FIELDS
from ..model.flowset import FlowSet, Space
from ..model.rules import Effect, Ruleset

# (field, value, family), sorted by field; value None: not known.
Overlay = tuple[tuple[str, "int | None", int], ...]

INVALID = CONNECTION_STATES.index("invalid")
UNTRACKED = CONNECTION_STATES.index("untracked")
# Not fields of a flow: which translations the connection has.
TRANSLATED = {"dst": "translated dst", "src": "translated src"}
_ENDS = {"dnat": "dst", "redirect": "dst", "snat": "src", "masquerade": "src"}
_ANY_FIELD = ("src", "dst", "src_port", "dst_port", "mark", "ct_mark")
# Connection tracking looks at a packet at this priority (NF_IP_PRI_CONNTRACK, netfilter_ipv4.h).
_CONNTRACK = -200
_TRACKED_AT = ("prerouting", "output")


def before_tracking(ruleset: Ruleset) -> bool:
    """Whether packets come here before connection tracking has seen them."""
    return ruleset.hook == "ingress" or (ruleset.hook in _TRACKED_AT and ruleset.priority <= _CONNTRACK)


def translation_of(ruleset: Ruleset) -> str:
    """Which end a nat chain translates: a connection has one translation of each."""
    return TRANSLATED["dst" if ruleset.hook in _TRACKED_AT else "src"]


def untold(overlay: Overlay) -> Overlay:
    """A packet without a connection reads as invalid (nft_ct.c, xt_conntrack.c), unless it shall get none."""
    if any(name == "connection" for name, _value, _family in overlay):
        return overlay
    return tuple(sorted((*overlay, ("connection", INVALID, 0))))


def told(overlay: Overlay) -> Overlay:
    """After connection tracking: the flow's own state again."""
    return tuple(item for item in overlay if item[:2] != ("connection", INVALID))


def changed(overlay: Overlay, effects: Iterable[Effect], ruleset: Ruleset) -> Overlay:
    """The overlay after these effects of a rule."""
    fields = {name: (value, family) for name, value, family in overlay}
    for effect in effects:
        fields.update(_change(effect, ruleset))
    return tuple(sorted((name, value, family) for name, (value, family) in fields.items()))


def _change(effect: Effect, ruleset: Ruleset) -> dict[str, tuple[int | None, int]]:
    if effect.kind == "set":
        return {effect.field: (effect.value, effect.family)}
    if effect.kind == "notrack":  # once a packet is tracked, it stays so (nft_ct.c, nft_notrack_eval)
        return {"connection": (UNTRACKED, 0)} if before_tracking(ruleset) else {}
    end = _ENDS.get(effect.kind)
    if end is None:
        names = effect.field.split(",") if effect.field else _ANY_FIELD
        found: dict[str, tuple[int | None, int]] = dict.fromkeys(names, (None, 0))
        for end, mark in TRANSLATED.items():
            if ruleset.type == "nat" and end in found:
                found[mark] = (1, 0)
        return found
    found = {TRANSLATED[end]: (1, 0)}
    if effect.address is not None and effect.address[0] == effect.address[1]:
        found[end] = (effect.address[0], effect.family)
    elif effect.address is not None or effect.kind in ("masquerade", "redirect"):
        found[end] = (None, 0)
    if effect.port is not None:
        found[f"{end}_port"] = (effect.port[0] if effect.port[0] == effect.port[1] else None, 0)
    return found


class Overlays:
    """Overlays of one host's flows."""

    def __init__(self, space: Space, host: str) -> None:
        self._space = space
        self._host = host

    def under(self, match: int, overlay: Overlay, where: str) -> int:
        """A match as seen by flows under an overlay. ``where``: the rule that asks."""
        diagrams = self._space.diagrams
        for name, value, family in overlay:
            spec = FIELDS.get(name)
            if spec is None:
                continue
            levels = range(spec.first, spec.last + 1)
            if not any(level in levels for level in diagrams.levels(match)):
                continue
            if value is None:
                match = self._not_known(match, levels, f"{where} {name}")
            elif spec.kind == "state":
                match = diagrams.restrict(match, {spec.first: 1 << value})
            else:
                width = {4: 4, 6: 16}.get(family, spec.levels)
                fixed = {spec.first + at: 1 << (value >> 8 * (width - 1 - at) & 255) for at in range(width)}
                match = diagrams.restrict(match, fixed)
        return match

    def _not_known(self, match: int, levels: range, where: str) -> int:
        """True if for all values, false if for none, else as a free variable says."""
        diagrams = self._space.diagrams
        some = diagrams.forget(match, lambda level: level in levels)
        every = diagrams.complement(
            diagrams.forget(diagrams.complement(match), lambda level: level in levels)
        )
        if some == every:
            return some
        reason = "an earlier rule changed what this one asks for, to a value that is not known"
        maybe = self._space.unknown(f"{self._host}: {where}", reason)
        return diagrams.union(every, diagrams.intersection(some, maybe))

    def after(self, flows: FlowSet, overlay: Overlay) -> FlowSet:
        """The flows as they are by now; a field that is not known may have any value."""
        for name, value, family in overlay:
            spec = FIELDS.get(name)
            if spec is None:
                continue
            if value is None:
                flows = flows.forget(name)
            elif spec.kind == "state":
                flows = flows.assign_name(name, CONNECTION_STATES[value])
            else:
                flows = flows.assign(name, value, family)
        return flows


def rewrites(overlay: Overlay) -> dict[str, int | None]:
    """Field -> new value, None where it is not known."""
    return {name: value for name, value, _family in overlay if name in FIELDS}
