# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change did to flows: the exact sets gained and lost at each hook, and the rules that did it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..errors import FlowError
from ..model.flow import flows_from
from ..model.flowset import FlowSet, Space
from ..model.state import State
from .blame import Blame, Culprit
from .outcome import Outcome
from .pair import Pair, ShadowFirewall, pair

Ask = Callable[[ShadowFirewall, FlowSet], Outcome]
# Packets as hosts send them when they open a connection, and when it is open; and all others: related,
# invalid and untracked ones, and those with TCP flags that no such packet has. Of the latter, those that fare as
# the first two kinds do are not told again.
NEW, ESTABLISHED, OTHER = "new", "established", "other"
CONNECTIONS = (NEW, ESTABLISHED, OTHER)
_IMPLIED = ("icmp_code", "icmp_type", "tcp_flags", "connection")


@dataclass(frozen=True)
class Moved:
    """Flows that fare otherwise, apart by what became of them.

    ``gained``: denied before and permitted after, both for certain; ``lost``: the other way round.
    ``to_unknown``, ``from_unknown``: by the verdict that was, or is now, certain. ``unknown``: not known on
    either side, and not in the same way. ``rewritten``: let through both times, but translated or marked
    otherwise."""

    gained: FlowSet
    lost: FlowSet
    to_unknown: dict[str, FlowSet]
    from_unknown: dict[str, FlowSet]
    unknown: FlowSet
    rewritten: FlowSet

    @property
    def all(self) -> FlowSet:
        found = self.gained
        for part in self.parts():
            found = found | part
        return found

    def parts(self) -> list[FlowSet]:
        more = [*self.to_unknown.values(), *self.from_unknown.values()]
        return [self.gained, self.lost, *more, self.unknown, self.rewritten]

    def each(self, change: Callable[[FlowSet, FlowSet], FlowSet], other: Moved) -> Moved:
        """``change`` of each part and the same part of ``other``."""
        return Moved(
            change(self.gained, other.gained),
            change(self.lost, other.lost),
            {key: change(flows, other.to_unknown[key]) for key, flows in self.to_unknown.items()},
            {key: change(flows, other.from_unknown[key]) for key, flows in self.from_unknown.items()},
            change(self.unknown, other.unknown),
            change(self.rewritten, other.rewritten),
        )


@dataclass(frozen=True)
class Entry:
    """The difference at one hook (or in one ruleset of it) for one kind of connection; ``asked``: all of its
    packets."""

    hook: str
    ruleset: str
    connection: str
    asked: FlowSet
    moved: Moved
    culprits: list[Culprit]
    reasons: dict[str, list[str]]


def differences(before: State, after: State, ruleset: str | None = None) -> Iterator[Entry]:
    """An entry for each hook and kind of connection that fares otherwise. FlowError for an unknown ruleset."""
    found = pair(before, after)
    blame = Blame(found)
    asked = _packets(found.space)
    for hook, key in _places(found, ruleset):
        regions = found.regions(hook, key)
        told: Moved | None = None
        for connection in CONNECTIONS if regions else ():

            def ask(side: ShadowFirewall, what: FlowSet, hook: str = hook, key: str = key) -> Outcome:
                return side.ruleset(key, what) if key else side.hooks((hook,), what)

            moved, parts = _over(found, ask, regions, asked[connection], found.doubtful(hook, key))
            if connection == OTHER and told is not None:
                moved = moved.each(lambda here, there: here - there.forget(*_IMPLIED), told)
            else:
                told = moved if told is None else moved.each(FlowSet.__or__, told)
            everything = moved.all
            if everything:
                where = [part & everything for part in parts]
                culprits, reasons = blame.of(where, ask, hook, key)
                yield Entry(hook, key, connection, asked[connection], moved, culprits, reasons)


def _packets(space: Space) -> dict[str, FlowSet]:
    new = flows_from(space, {})
    established = flows_from(space, {"connection": ESTABLISHED})
    return {NEW: new, ESTABLISHED: established, OTHER: space.everything - new - established}


def _places(found: Pair, ruleset: str | None) -> list[tuple[str, str]]:
    """(hook, ruleset), the ruleset empty where the whole hook is asked about."""
    if ruleset is None:
        return [(hook, "") for hook in found.hooks()]
    if ruleset in found.hooks():
        return [(ruleset, "")]
    for side, which in zip(found.sides, ("before", "after")):
        item = side.state.rulesets.get(ruleset)
        if item is None and side.state.firewall_known:
            known = ", ".join(sorted(side.state.rulesets)) or "none"
            raise FlowError(
                f"there is no ruleset {ruleset!r} {which} the change",
                f"host {side.state.host}",
                f"compare a whole hook, by its name, or one of: {known}",
            )
    hook = next(
        (side.state.rulesets[ruleset].hook for side in found.sides if ruleset in side.state.rulesets), ""
    )
    return [(hook, ruleset)]


def _over(
    found: Pair, ask: Ask, regions: Iterable[FlowSet], asked: FlowSet, doubtful: FlowSet
) -> tuple[Moved, list[FlowSet]]:
    """The comparison over the regions, one after the other (they may overlap), and where it found something."""
    nothing = found.space.nothing
    none = {"permit": nothing, "deny": nothing}
    total = Moved(nothing, nothing, none, none, nothing, nothing)
    parts = []
    for region in regions:
        flows = region & asked
        asked = asked - flows
        moved = compare(found, ask, flows, doubtful) if flows else total
        if flows and moved.all:
            parts.append(moved.all)
            total = total.each(FlowSet.__or__, moved)
    return total, parts


def compare(found: Pair, ask: Ask, flows: FlowSet, doubtful: FlowSet) -> Moved:
    """Both sides' answers to the same flows, in the same space, part by part. ``doubtful``: see ``Pair``."""
    nothing = found.space.nothing
    before, after = found.sides
    was = ask(before, flows)
    was_through = before.let_through()
    now = ask(after, flows)
    now_through = after.let_through()
    unknown = was.unknown & now.unknown
    if unknown and not (before.forgot or after.forgot) and found.known:
        old, new = _union(nothing, was_through), _union(nothing, now_through)
        either = (old - new) | (new - old)
        certainly = FlowSet(found.space, found.space.certain((either & unknown).node))
        unknown = certainly | (unknown & doubtful)
    return Moved(
        gained=was.deny & now.permit,
        lost=was.permit & now.deny,
        to_unknown={"permit": was.permit & now.unknown, "deny": was.deny & now.unknown},
        from_unknown={"permit": was.unknown & now.permit, "deny": was.unknown & now.deny},
        unknown=unknown,
        rewritten=_rewritten(doubtful, was_through, now_through) & was.permit & now.permit,
    )


Through = list[tuple[Mapping[str, object], FlowSet]]


def _union(nothing: FlowSet, through: Through) -> FlowSet:
    for _how, flows in through:
        nothing = nothing | flows
    return nothing


def _rewritten(doubtful: FlowSet, before: Through, after: Through) -> FlowSet:
    """Flows that may leave otherwise than before."""
    nothing = found = doubtful.space.nothing
    sides: list[dict[str, FlowSet]] = [{}, {}]
    for side, through in zip(sides, (before, after)):
        for how, flows in through:
            key = repr(sorted(how.items()))
            side[key] = side.get(key, nothing) | flows
            if None in how.values():
                found = found | (flows & doubtful)
    for key in {*sides[0], *sides[1]}:
        old, new = sides[0].get(key, nothing), sides[1].get(key, nothing)
        found = found | (old - new) | (new - old)
    return FlowSet(nothing.space, nothing.space.certain(found.node))


def simplest(flows: FlowSet, asked: FlowSet) -> FlowSet:
    """The flows without what goes without saying of the packets ``asked``: a field is left free where that
    adds none of these."""
    for name in _IMPLIED:
        wider = flows.forget(name)
        if wider & asked == flows & asked:
            flows = wider
    return flows
