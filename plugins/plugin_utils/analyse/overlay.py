# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules have changed about flows on their way: fields that are constants by now, or not known.

An overlay is laid over a set of flows as they came in, so that every answer stays one about those. It
also remembers which translation a connection already has, because it gets one of each kind only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..model.diagrams import EMPTY
from ..model.fields import CONNECTION_STATES, DIRECTIONS, FIELDS, ORIGINS, STATES, TRANSLATIONS
from ..model.flowset import FlowSet, Space
from ..model.rules import Effect, Ruleset
from . import marks
from .marks import MARKS, Bits, Value
from .routes import Own

# (field, value, family), sorted by field; value None: not known. In the family's place then stands whether it is the
# address of the interface by which the packet came in or leaves.
_OF_INTERFACE = -1
Overlay = tuple[tuple[str, Value, int], ...]

INVALID = CONNECTION_STATES.index("invalid")
UNTRACKED = CONNECTION_STATES.index("untracked")
ORIGINAL = DIRECTIONS.index("original")
NETWORK, SOCKET = (ORIGINS.index(name) for name in ("network", "socket"))
# What flows don't say of themselves: matches on these cost the index, so they are laid over only if asked.
HIDDEN = ("ct_status", "direction", "origin")
# Not fields of a flow: which translations the connection has.
TRANSLATED = {"dst": "translated dst", "src": "translated src"}
_ENDS = {"dnat": "dst", "redirect": "dst", "snat": "src", "masquerade": "src"}
_STATUS_BIT = {"dst": TRANSLATIONS.index("dnat"), "src": TRANSLATIONS.index("snat")}
# A mark that is taken over is followed value by value, up to this many.
_MOST_MARKS = 32
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
    return _sorted((*overlay, ("connection", INVALID, 0)))


def told(overlay: Overlay) -> Overlay:
    """After connection tracking: the flow's own state again."""
    return tuple(item for item in overlay if item[:2] != ("connection", INVALID))


def _changed(overlay: Overlay, effect: Effect, ruleset: Ruleset) -> Overlay:
    """The overlay after an effect of a rule."""
    fields = {name: (value, family) for name, value, family in overlay}
    fields.update(_change(effect, ruleset, {name: fields[name][0] for name in MARKS if name in fields}))
    return _sorted(
        (name, value, family)
        for name, (value, family) in fields.items()
        if name not in MARKS or value != marks.AS_CAME
    )


def _change(effect: Effect, ruleset: Ruleset, current: dict[str, Value]) -> dict[str, tuple[Value, int]]:
    if effect.kind == "set":
        value = marks.written(effect, current) if effect.field in MARKS else effect.value
        return {effect.field: (value, effect.family)}
    if effect.kind == "notrack":  # once a packet is tracked, it stays so (nft_ct.c, nft_notrack_eval)
        return {"connection": (UNTRACKED, 0)} if before_tracking(ruleset) else {}
    if effect.kind == "zone":  # a first packet is one in every zone (``Effects.zones``)
        return {}
    end = _ENDS.get(effect.kind)
    if end is None:
        names = effect.field.split(",") if effect.field else _ANY_FIELD
        found: dict[str, tuple[Value, int]] = dict.fromkeys(names, (None, 0))
        for end, mark in TRANSLATED.items():
            if ruleset.type == "nat" and end in found:
                found[mark] = (1, 0)
        return found
    found = {TRANSLATED[end]: (1, 0)}
    if effect.address is not None and effect.address[0] == effect.address[1]:
        found[end] = (effect.address[0], effect.family)
    elif effect.address is not None:
        found[end] = (None, 0)
    elif effect.kind in ("masquerade", "redirect"):
        found[end] = (None, _OF_INTERFACE)
    if effect.port is not None:
        found[f"{end}_port"] = (effect.port[0] if effect.port[0] == effect.port[1] else None, 0)
    return found


_Split = Callable[[str, FlowSet], "list[tuple[int | None, FlowSet]]"]


class Overlays:
    """Overlays of one host's flows. ``asked``: which of the ``HIDDEN`` fields its rules ask for. ``own``: the host's
    addresses, none where they are not known."""

    def __init__(self, space: Space, host: str, own: Iterable[Own] = ()) -> None:
        self._space = space
        self._host = host
        self._own = tuple(own)
        self.asked: set[str] = set()

    def at_first(self, hook: str, flows: FlowSet) -> dict[Overlay, int]:
        """``flows`` as a hook first sees them: what they don't say of themselves, where rules ask for it."""
        found: dict[Overlay, int] = {(): flows.node}
        for name, split in self._open(flows):
            parts: dict[Overlay, int] = {}
            for overlay, node in found.items():
                for value, part in split(hook, FlowSet(self._space, node)):
                    if part:
                        parts[_sorted((*overlay, (name, value, 0)))] = part.node
            found = parts
        return found

    def apart(self, hook: str, flows: FlowSet) -> list[FlowSet]:
        """``flows`` by what they don't say of themselves, where rules ask for it and the hook alone does not tell."""
        found = [flows]
        for name, split in self._open(flows):
            parts = []
            for value, part in (one for flows in found for one in split(hook, flows)):
                if value is not None:
                    parts.append(part)
                    continue
                parts += self._told(hook, name, part)
            found = [part for part in parts if part]
        return found

    @staticmethod
    def _told(hook: str, name: str, flows: FlowSet) -> list[FlowSet]:
        """``flows`` with each of the values that they may have: first the usual one. Packets of no connection are
        translated by none, and sources not before a packet leaves."""
        usual, *others = STATES[name]
        found = [flows.named(name, (usual,))]
        if name == "ct_status":
            flows = flows - flows.named("connection", ("invalid", "untracked"))
            first = flows.named("connection", ("new",))
            if hook in ("input", "forward"):
                found.append(first.named(name, ("dnat",)))
                flows = flows - first
        return [*found, flows.named(name, others)]

    def _open(self, flows: FlowSet) -> list[tuple[str, _Split]]:
        """What rules ask for and the flows don't say, with how it is at first."""
        listed: tuple[tuple[str, _Split], ...] = (
            ("ct_status", self._status_at_first),
            ("direction", self._direction_at_first),
            ("origin", self._origin_at_first),
        )
        return [(name, split) for name, split in listed if name in self.asked and flows.forget(name) == flows]

    @staticmethod
    def _status_at_first(hook: str, flows: FlowSet) -> list[tuple[int | None, FlowSet]]:
        """Nothing has been translated where the first packet of a connection begins."""
        new = (
            flows.named("connection", ("new",)) if hook in ("ingress", *_TRACKED_AT) else flows.space.nothing
        )
        return [(0, new), (None, flows - new)]

    @staticmethod
    def _direction_at_first(_hook: str, flows: FlowSet) -> list[tuple[int | None, FlowSet]]:
        new = flows.named("connection", ("new",))
        return [(ORIGINAL, new), (None, flows - new)]

    @staticmethod
    def _origin_at_first(hook: str, flows: FlowSet) -> list[tuple[int | None, FlowSet]]:
        """A packet from the network has no socket (ip_rcv_core), until it comes to the one that is open for its
        connection (tcp_v4_early_demux), which the hook input sees."""
        nothing = flows.space.nothing
        if hook == "output":
            return [(SOCKET, flows)]
        if hook == "input":
            new = flows.named("connection", ("new",))
            return [(NETWORK, new), (None, flows - new)]
        if hook in ("postrouting", "egress"):
            own = flows.named("in_interface", ("",))
            came = nothing if flows.forget("in_interface") == flows else flows - own
            own = own if came or flows == own else nothing
            return [(NETWORK, came), (SOCKET, own), (None, flows - came - own)]
        return [(NETWORK, flows)]

    def applied(
        self, overlay: Overlay, effects: Iterable[Effect], ruleset: Ruleset, hit: int, where: str
    ) -> dict[Overlay, int]:
        """The flows ``hit`` after these effects of a rule, split by what the effects made of them."""
        found = {overlay: hit}
        for effect in effects:
            parts: dict[Overlay, int] = {}
            for one, node in found.items():
                node, untracked = self._with_marks(one, effect, node, where)
                if untracked:
                    parts[one] = self._space.diagrams.union(parts.get(one, 0), untracked)
                for before, settled in self._taken_over(one, effect, node):
                    then = _changed(before, effect, ruleset)
                    for more, part in self._translated(before, effect, ruleset, settled, where):
                        key = (
                            _sorted((*(item for item in then if item[0] != more[0]), more)) if more else then
                        )
                        parts[key] = self._space.diagrams.union(parts.get(key, 0), part)
            found = parts
        return found

    def _with_marks(self, overlay: Overlay, effect: Effect, node: int, where: str) -> tuple[int, int]:
        """Only packets of a connection have a connection mark to write or read (xt_connmark.c, nft_ct.c)."""
        if effect.field != "ct_mark" and not any(name == "ct_mark" for name, _mask in effect.bits):
            return node, 0
        tracked = self._space.named("connection", ("new", "established", "related"))
        inside = self._space.diagrams.intersection(node, self.under(tracked, overlay, f"{where} connection"))
        return inside, self._space.diagrams.difference(node, inside)

    def _taken_over(self, overlay: Overlay, effect: Effect, node: int) -> Iterable[tuple[Overlay, int]]:
        """The flows by the value of the mark that an effect takes over, where there are few; each is a constant
        then. Where there are many, the result is not known."""
        source = marks.taken_over(effect)
        current = next((value for name, value, _family in overlay if name == source), marks.AS_CAME)
        if not source or not isinstance(current, Bits):
            yield overlay, node
            return
        flows = FlowSet(self._space, node)
        values = flows.hulls(source, most=_MOST_MARKS)
        if sum(high - low + 1 for low, high in values) > _MOST_MARKS:
            yield overlay, node
            return
        for value in (value for low, high in values for value in range(low, high + 1)):
            mine = flows.only(source, ((value, value),))
            others = [item for item in overlay if item[0] != source]
            yield _sorted((*others, (source, current.of(value), 0))), mine.node

    def _translated(
        self, overlay: Overlay, effect: Effect, ruleset: Ruleset, node: int, where: str
    ) -> Iterable[tuple[tuple[str, Value, int] | None, int]]:
        """Whether the connection counts as translated: if its ends really changed (nf_nat_setup_info)."""
        end = _ENDS.get(effect.kind)
        if "ct_status" not in self.asked or (end is None and effect.kind != "unknown"):
            yield None, node
            return
        status = next((item[1] for item in overlay if item[0] == "ct_status"), self)
        if end is None or status is None:
            yield ("ct_status", None, 0), node
            return
        diagrams, bit = self._space.diagrams, _STATUS_BIT[end]
        inside, exact = node, effect.address is not None or effect.kind not in ("masquerade", "redirect")
        if not exact and self._own:  # it becomes one of these, so what is none of them surely changes
            inside = diagrams.intersection(node, self.under(self._is_own(end), overlay, f"{where} {end}"))
        for field, span, family in ((end, effect.address, effect.family), (f"{end}_port", effect.port, 0)):
            if span is not None:
                exact = exact and span[0] == span[1]
                same = self._space.in_ranges(field, (span,), family)
                inside = diagrams.intersection(inside, self.under(same, overlay, f"{where} {field}"))
        outside = diagrams.difference(node, inside)
        for before in range(len(TRANSLATIONS)):
            if status is not self and status != before:
                continue
            here = self._space.named("ct_status", (TRANSLATIONS[before],)) if status is self else 1
            for value, part in ((before | bit, outside), (before if exact else None, inside)):
                mine = diagrams.intersection(part, here)
                if mine:
                    yield ("ct_status", value, 0), mine

    def _is_own(self, end: str) -> int:
        found = EMPTY
        for one in self._own:
            here = self._space.in_ranges(end, ((one.value, one.value),), one.family)
            found = self._space.diagrams.union(found, here)
        return found

    def under(self, match: int, overlay: Overlay, where: str) -> int:
        """A match as seen by flows under an overlay. ``where``: the rule that asks."""
        diagrams = self._space.diagrams
        forms: dict[str, Bits] = {}
        for name, value, family in overlay:
            spec = FIELDS.get(name)
            if spec is None:
                continue
            levels = range(spec.first, spec.last + 1)
            if not any(level in levels for level in diagrams.levels(match)):
                continue
            if value is None:
                match = self._not_known(match, levels, f"{where} {name}")
            elif name in MARKS:
                forms[name] = marks.form(value)
            elif isinstance(value, Bits):
                raise TypeError(f"{name} is no mark")
            elif spec.kind == "state":
                match = diagrams.restrict(match, {spec.first: 1 << value})
            else:
                width = {4: 4, 6: 16}.get(family, spec.levels)
                fixed = {spec.first + at: 1 << (value >> 8 * (width - 1 - at) & 255) for at in range(width)}
                match = diagrams.restrict(match, fixed)
        return marks.before(diagrams, match, forms) if forms else match

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
        if where.endswith(tuple(f" {name}" for name in HIDDEN)):
            reason = _NOT_TOLD[where.rpartition(" ")[2]]
        maybe = self._space.unknown(f"{self._host}: {where}", reason)
        return diagrams.union(every, diagrams.intersection(some, maybe))

    def after(self, flows: FlowSet, overlay: Overlay) -> FlowSet:
        """The flows as they are by now; a field that is not known may have any value."""
        forms = {name: value for name, value, _family in overlay if isinstance(value, Bits)}
        if forms:
            flows = FlowSet(self._space, marks.after(self._space.diagrams, flows.node, forms))
        for name, value, family in overlay:
            spec = FIELDS.get(name)
            if spec is None or isinstance(value, Bits):
                continue
            if value is None:
                flows = flows.forget(name)
            elif spec.kind == "state":
                flows = flows.assign_name(name, STATES[name][value])
            else:
                flows = flows.assign(name, value, family)
        return flows


_NOT_TOLD = {
    "ct_status": "whether the connection was translated is not known",
    "direction": "whether the packet goes the way of its connection's first one is not known",
    "origin": "whether a socket of the host sent the packet is not known",
}


def _sorted(items: Iterable[tuple[str, Value, int]]) -> Overlay:
    return tuple(sorted(items, key=lambda item: item[0]))


def rewrites(overlay: Overlay) -> dict[str, Value]:
    """Field -> new value, None where it is not known."""
    return {name: value for name, value, _family in overlay if name in FIELDS}


def of_interface(overlay: Overlay) -> frozenset[str]:
    """Fields that hold the address of an interface, which one not being known here."""
    return frozenset(name for name, _value, family in overlay if family == _OF_INTERFACE)
