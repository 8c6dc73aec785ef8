# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change did to flows: the exact sets gained and lost at each hook, and the rules that did it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import FlowError
from ..model.flow import flows_from
from ..model.flowset import FlowSet, Space
from ..model.state import State
from .blame import Blame, Case
from .bucket import MOST, Bucket
from .outcome import Outcome
from .pair import ChainChange, Pair, ShadowFirewall, pair
from .scope import chains_from, rules_by_chain
from .steps import steps

Ask = Callable[[ShadowFirewall, FlowSet], Outcome]
# Packets as hosts send them when they open a connection, and when it is open; and all others: related,
# invalid and untracked ones, and those with TCP flags that no such packet has. Of the latter, those that fare as
# the first two kinds do are not told again.
NEW, ESTABLISHED, OTHER = "new", "established", "other"
CONNECTIONS = (NEW, ESTABLISHED, OTHER)
_CERTAIN = ("permit", "deny")
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


class Finding:
    """What was found at one hook (or in one ruleset of it) for one kind of connection, step by step."""

    def __init__(self, connection: str, asked: FlowSet, case: Case, most: int) -> None:
        """``asked``: all packets of the kind; ``most``: parts that are listed in each of the ``buckets``."""
        self.connection = connection
        self.case = case
        self._asked = asked
        self.gained, self.lost, self.still_unknown, self.rewritten = (Bucket(most) for _part in range(4))
        self.became_unknown, self.became_known = (
            {name: Bucket(most) for name in _CERTAIN} for _part in range(2)
        )
        self.found = False

    def add(self, moved: Moved, parts: Sequence[FlowSet], changes: Sequence[ChainChange]) -> None:
        """``parts``: where the flows were found."""
        everything = moved.all
        if not everything:
            return
        self.found = True
        for bucket, flows in (
            (self.gained, moved.gained),
            (self.lost, moved.lost),
            (self.still_unknown, moved.unknown),
            (self.rewritten, moved.rewritten),
            *((self.became_unknown[name], moved.to_unknown[name]) for name in _CERTAIN),
            *((self.became_known[name], moved.from_unknown[name]) for name in _CERTAIN),
        ):
            bucket.add(flows, self.simplest)
        self.case.see([part & everything for part in parts], changes)

    def simplest(self, flows: FlowSet) -> FlowSet:
        return simplest(flows, self._asked)


@dataclass(frozen=True)
class Entry:
    """The difference at one hook (or in one ruleset of it) for one kind of connection."""

    hook: str
    ruleset: str
    finding: Finding


MakeFinding = Callable[[str, FlowSet, Case, int], Finding]


def differences(
    before: State,
    after: State,
    ruleset: str | None = None,
    most: int = MOST,
    noting: Callable[[Space, str], MakeFinding] | None = None,
) -> Iterator[Entry]:
    """An entry for each hook and kind of connection that fares otherwise. FlowError for an unknown ruleset.

    ``noting``: makes what takes the findings of a hook down, in the space that they are in; by default ``Finding``
    itself. The hook is empty for a list that is bound nowhere."""
    found = pair(before, after)
    blame = Blame(found)
    asked = _packets(found.space)
    for hook, key in _places(found, ruleset):
        apart = {name: _apart(found, hook, packets) for name, packets in asked.items()}

        def ask(side: ShadowFirewall, what: FlowSet, hook: str = hook, key: str = key) -> Outcome:
            return side.ruleset(key, what) if key else side.hooks((hook,), what)

        make = noting(found.space, hook) if noting is not None else Finding
        findings = [make(name, asked[name], blame.case(ask, hook, key), most) for name in CONNECTIONS]
        doubtful = found.doubtful(hook, key)
        for step in steps(found, hook, key):
            told: Moved | None = None
            for finding in findings if step.regions else ():
                connection = finding.connection
                moved, parts = _over(found, ask, step.regions, apart[connection], doubtful)
                if connection == OTHER and told is not None:
                    moved = moved.each(lambda here, there: here - there.forget(*_IMPLIED), told)
                else:
                    told = moved if told is None else moved.each(FlowSet.__or__, told)
                finding.add(moved, parts, step.changes)
        yield from (Entry(hook, key, finding) for finding in findings if finding.found)


def _packets(space: Space) -> dict[str, FlowSet]:
    new = flows_from(space, {})
    established = flows_from(space, {"connection": ESTABLISHED})
    return {NEW: new, ESTABLISHED: established, OTHER: space.everything - new - established}


def _apart(found: Pair, hook: str, packets: FlowSet) -> list[FlowSet]:
    """The packets by what rules of either side ask for that flows don't tell (whether the connection was translated,
    which way it goes, who sent the packet): each part fares in one way."""
    parts = [packets]
    for side in found.sides if found.known else ():
        parts = [one for part in parts for one in side.apart(hook, part)]
    return parts


def _places(found: Pair, ruleset: str | None) -> list[tuple[str, str]]:
    """(hook, ruleset), the ruleset empty where the whole hook is asked about."""
    if ruleset is None:
        return [*((hook, "") for hook in found.hooks() if hook), *(("", key) for key in _unbound(found))]
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


def _unbound(found: Pair) -> Iterator[str]:
    """The lists of a device that no hook passes packets to, neither before nor after: each is compared by itself. A
    list that is there on one side only has no packets that could fare otherwise."""
    passed: set[str] = set()
    for side in found.sides:
        hooked = [item.key for item in side.state.rulesets.values() if item.hook]
        passed.update(chains_from(rules_by_chain(side.state), hooked))
    before, after = (side.state.rulesets for side in found.sides)
    yield from (key for key, item in before.items() if not item.hook and key in after and key not in passed)


def _over(
    found: Pair, ask: Ask, regions: Iterable[FlowSet], asked: Sequence[FlowSet], doubtful: FlowSet
) -> tuple[Moved, list[FlowSet]]:
    """The comparison over the regions, one after the other (they may overlap), and where it found something.
    ``asked``: the packets in parts."""
    nothing = found.space.nothing
    none = {"permit": nothing, "deny": nothing}
    total = Moved(nothing, nothing, none, none, nothing, nothing)
    parts = []
    left = list(asked)
    for region in regions:
        for index, packets in enumerate(left):
            flows = region & packets
            if not flows:
                continue
            left[index] = packets - flows
            moved = compare(found, ask, flows, doubtful)
            if moved.all:
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
