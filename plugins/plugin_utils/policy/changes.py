# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change report: the flows that fare otherwise on each host, and what that means for the policy's paths.

A path is *touched* by a change if a flow that fares otherwise on a host is one of the path's flows, on a host that the
path's flows come to. If none is, if nothing but rules has changed, and if the proofs before and after are equal, then
nothing that happens to a path's packet on its way is another: by induction over the hosts of the way, each gets the
same packet as before and does the same with it. That is what "touches no required path" claims.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..analyse.diff import Entry as Difference
from ..analyse.diff import differences
from ..analyse.errors_back import errors_about
from ..analyse.journey import UNKNOWN as STRAY
from ..analyse.journey import Journey, plain
from ..analyse.late import TooLateError
from ..analyse.network import Network
from ..analyse.replies import answers
from ..analyse.sorted_diff import (
    GAINED,
    KINDS,
    KNOWN,
    LOST,
    REST,
    REWRITTEN,
    UNKNOWN,
    Class,
    SortedFinding,
    Sorting,
    noting,
)
from ..errors import PathGuardError
from ..model.flow import whatever_else
from ..model.flowset import FlowSet, Space
from ..model.state import State
from .expected import Expected
from .prove import Proof
from .remedy import differ

Entry = dict[str, Any]
VIOLATIONS, EXPECTED, TOUCHING, HARMLESS = "violations", "expected", "touching", "harmless"
# Parts of flows, and rules, of one kind that are listed; all others are counted.
MOST = 8
MOST_ENTRIES = 60
# Seconds for all hosts together: the proofs are what counts, and whoever reads them waits for this.
SECONDS = 60.0
# A path with more parts than this is taken for all flows, so that it counts as touched rather than as not.
_MOST_PIECES = 2_000
# Neighbour and router discovery (RFC 4861): without it no IPv6 packet finds its way.
_DISCOVERY = {"protocol": "ipv6-icmp", "icmp_type": "133-137"}
# Of what is watched for, an expected flow, by its index; no path has such a name.
_EXPECTED_FLOW = "\0expected flow "
# Counted anew each second, and no setting.
_COUNTERS = ("net.netfilter.nf_conntrack_count",)
# What could not be read of a host (``State.unreadable``) by which it sends packets.
_SENDING = ("links", "addresses", "interfaces", "routes", "rules", "sysctl", "rp_filter")


# The hooks that a packet passes on a host (nftables wiki, "Netfilter hooks"), by what the host is to it.
_SENT = frozenset(("output", "postrouting", "egress"))
_PASSED = frozenset(("ingress", "prerouting", "forward", "postrouting", "egress"))
_TAKEN = frozenset(("ingress", "prerouting", "input"))
# Where a packet's way ended at a hook: what it has passed on that host, and would pass.
_ENDED = {"output": _SENT, "forward": _PASSED, "input": _TAKEN}


@dataclass(frozen=True)
class _Region:
    """All packets of a path, wherever they are. ``flows``: as they began, translated, and answered; they come to the
    ``hosts``, and pass hooks there (None: any). ``beside``: errors about them and neighbour discovery, on these hosts
    at any hook. ``worse``: of ``flows``, those that fare worse than before."""

    name: str
    required: bool
    hosts: Mapping[str, frozenset[str] | None]
    flows: tuple[Entry, ...]
    beside: tuple[Entry, ...]
    worse: tuple[Entry, ...]

    def passes(self, host: str, hook: str) -> bool:
        hooks = self.hosts[host]
        return hooks is None or hook in hooks


class ChangeReport:
    """``proofs``: of each path, now and before. ``seconds``: after which the rest is told as not compared.
    ``planned``: hosts whose rules are planned, and of which all else is by definition as it was."""

    def __init__(
        self,
        now: Network,
        before: Network,
        proofs: Iterable[tuple[Proof, Proof | None]],
        expected: Expected,
        seconds: float = SECONDS,
        planned: Collection[str] = (),
    ) -> None:
        self.now = now
        self.before = before
        self.expected = expected
        self._planned = planned
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._regions: list[_Region] = []
        self._unequal: list[str] = []
        self._lost: dict[str, str] = {}
        for proof, earlier in proofs:
            self._regions.append(_region(proof, earlier, expected))
            if proof.path.required:
                self._lost.update((proof.path.name, why) for why in _lost_sight_of(proof, earlier))
            if earlier is None or not _equal(proof, earlier):
                self._unequal.append(proof.path.name)
        self._touched: set[str] = set()
        self._late: list[str] = []
        self._failed: dict[str, str] = {}

    def build(self) -> Entry:
        hosts = [
            host
            for host in self.now.states
            if host in self.before.states
            and (
                differ(self.before.states, self.now.states, host)
                or not (self.before.states[host].firewall_known and self.now.states[host].firewall_known)
            )
        ]
        entries = [entry for host in hosts for entry in self._host(host)]
        rank = (VIOLATIONS, TOUCHING, EXPECTED, HARMLESS)
        entries.sort(key=lambda entry: next(at for at, name in enumerate(rank) if name in entry["flows"]))
        elsewhere = [host for host in self.now.states if self._moved_elsewhere(host)]
        come_or_gone = sorted({*self.now.states} ^ {*self.before.states})
        doubts = [
            *(f"{host} was not compared within {self._seconds:.0f} s" for host in self._late),
            *(f"{host}: {why}" for host, why in self._failed.items()),
            *(f"routes, interfaces or settings of {host} are not as before" for host in elsewhere),
            *(f"{what} of {host} could not be read, and may have changed" for host, what in self._unread()),
            *(
                f"where packets of {name!r} go is not known: {why}"
                for name, why in self._lost.items()
                if hosts
            ),
            *(f"{host} is in one of both sets of snapshots only" for host in come_or_gone),
        ]
        touched = [region.name for region in self._regions if region.name in self._touched]
        required = [
            region.name for region in self._regions if region.required and region.name in self._touched
        ]
        unequal = [name for name in self._unequal if name not in touched]
        untouched = not doubts and not required and not (set(unequal) & self._required())
        return {
            "hosts": hosts,
            "touches": touched,
            "fares_otherwise": list(self._unequal),
            "touches_no_required_path": untouched,
            "statement": _statement(hosts, required, unequal, doubts, bool(entries)),
            "doubts": doubts,
            "not_seen": [] if doubts else list(self._not_seen()),
            "entries": entries[:MOST_ENTRIES],
            "entries_left_out": max(len(entries) - MOST_ENTRIES, 0),
        }

    def _not_seen(self) -> Iterator[str]:
        """What was expected to fare otherwise, and does not."""
        for name in sorted(self.expected.paths):
            if name not in self._touched and name not in self._unequal:
                yield f"path '{name}'"
        for index in range(len(self.expected.flows)):
            if f"{_EXPECTED_FLOW}{index}" not in self._touched:
                yield self.expected.text(index)

    def _required(self) -> set[str]:
        return {region.name for region in self._regions if region.required}

    def _host(self, host: str) -> Iterator[Entry]:
        if self._is_late():
            self._late.append(host)
            return
        make, touched = noting(lambda space, hook: self._sorting(space, host, hook))
        try:
            found = list(differences(self.before.states[host], self.now.states[host], most=MOST, noting=make))
        except PathGuardError as error:
            self._failed[host] = error.what
            return
        except TooLateError:
            self._late.append(host)
            return
        self._touched |= touched()
        yield from (_entry(host, one) for one in found)

    def _sorting(self, space: Space, host: str, hook: str) -> Sorting:
        """The classes of flows at a hook of a host. Flows are sorted as they are there, and not as they began. No
        path's packets come to a list that is bound nowhere."""
        here = [region for region in self._regions if host in region.hosts and hook]
        regions = {}
        for region in here:
            beside = _flows(space, region.beside)
            regions[region.name] = (
                beside | _flows(space, region.flows) if region.passes(host, hook) else beside
            )
        passing = [region for region in here if region.passes(host, hook)]
        broken = _union(space, (_flows(space, region.worse) for region in passing if region.required))
        opened = _union(space, (_flows(space, region.worse) for region in passing if not region.required))
        named = _union(space, (regions[region.name] for region in here if region.name in self.expected.paths))
        meant = self.expected.at(space, host)
        wanted = named | meant
        touching = _union(space, regions.values())
        broken, opened = broken - meant, opened - meant
        violations = {
            LOST: broken,
            GAINED: opened,
            **dict.fromkeys((UNKNOWN, KNOWN, REWRITTEN), broken | opened),
        }
        classes = (
            Class(VIOLATIONS, violations),
            Class(EXPECTED, dict.fromkeys(KINDS, wanted)),
            Class(TOUCHING, dict.fromkeys(KINDS, touching)),
        )
        watched = {f"{_EXPECTED_FLOW}{index}": flows for index, flows in self.expected.each_at(space, host)}
        return Sorting(classes, {**regions, **watched}, self._is_late)

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def _unread(self) -> Iterator[tuple[str, str]]:
        """Hosts of required paths, and of each the first thing by which it sends packets and that nobody could read. A
        state that is before and now the very same is that of one moment."""
        visited = dict.fromkeys(host for one in self._regions if one.required for host in one.hosts)
        for host in visited:
            before, now = self.before.states.get(host), self.now.states.get(host)
            if before is None or now is None or before is now or host in self._planned:
                continue
            gone = (item["what"] for item in (*before.unreadable, *now.unreadable))
            what = next((name for name in gone if name.startswith(_SENDING)), "")
            if what:
                yield host, what

    def _moved_elsewhere(self, host: str) -> bool:
        """Whether a host sends packets otherwise than before, whatever its rules say."""
        if host not in self.before.states:
            return False
        return _sending(self.before.states[host]) != _sending(self.now.states[host])


def _sending(state: State) -> tuple[object, ...]:
    settings = {key: value for key, value in state.settings.items() if key not in _COUNTERS}
    routes = sorted(map(repr, state.routes))
    return routes, state.route_rules, state.interfaces, state.forwarding, settings


def _lost_sight_of(*proofs: Proof | None) -> Iterator[str]:
    """Why it is not known to which hosts packets of a path come; a host whose rules changed may be one of them."""
    for proof in proofs:
        if proof is not None:
            yield from (f"{name} was not gathered" for name in proof.missing)
            yield from (one.reason for one in proof.events if (one.hook, one.verdict) == ("route", STRAY))


def _equal(now: Proof, before: Proof) -> bool:
    """Whether both proofs come to the same sets of flows."""
    return (now.asked, now.open, now.denied, now.unknown, now.missed, now.satisfied) == (
        before.asked,
        before.open,
        before.denied,
        before.unknown,
        before.missed,
        before.satisfied,
    )


def _region(now: Proof, before: Proof | None, expected: Expected) -> _Region:
    proofs = [now] if before is None else [now, before]
    nothing = now.asked.space.nothing
    hosts: dict[str, frozenset[str] | None] = {}
    flows = nothing
    for proof in proofs:
        for host, hooks in _visits(proof):
            old = hosts.get(host, frozenset())
            hosts[host] = None if hooks is None or old is None else old | hooks
        flows = flows | _everywhere(plain(proof.asked), proof) | _translated(proof)
    beside = plain(errors_about(flows))
    if 6 in flows.families():
        beside = beside | whatever_else(flows.space, _DISCOVERY)
    worse = nothing
    if before is not None and now.path.name not in expected.paths:
        worse = _bad(now) - _bad(before) | now.unknown - before.unknown - _bad(before)
        worse = worse - expected.anywhere(now.asked.space)
        worse = _everywhere(plain(worse), now, before) if worse else nothing
    return _Region(now.path.name, now.path.required, hosts, _pieces(flows), _pieces(beside), _pieces(worse))


def _bad(proof: Proof) -> FlowSet:
    return proof.denied | proof.missed if proof.path.required else proof.permitted


def _everywhere(flows: FlowSet, *proofs: Proof) -> FlowSet:
    """The flows wherever they are on their way: translated, and answered."""
    found = flows
    for proof in proofs:
        for journey in _journeys(proof):
            moving = flows
            for change in journey.changes:
                moving = moving | plain(change.forth(moving))
            found = found | moving
    return found | plain(answers(found))


def _translated(proof: Proof) -> FlowSet:
    """All that translations have made of the path's packets, of answers and errors too."""
    found = proof.asked.space.nothing
    for journey in _journeys(proof):
        for change in journey.changes:
            found = found | plain(change.before) | plain(change.after)
    return found


def _journeys(proof: Proof) -> Iterator[Journey]:
    for one in proof.reached:
        for delivery in (*one.deliveries, *(answer for back in one.answers for answer in back)):
            yield delivery.journey
    for event in proof.events:
        yield from (journey for journey in (event.journey, event.there) if journey is not None)


def _visits(proof: Proof) -> Iterator[tuple[str, frozenset[str] | None]]:
    """The hosts that the path's packets come to, each with hooks that they pass there; None: any."""
    for host in (*proof.ends.sources, *proof.ends.destinations):
        yield host, _SENT | _TAKEN
    for journey in _journeys(proof):
        yield from ((hop.host, _SENT) for hop in journey.starts)
        yield from ((hop.host, _PASSED) for hop in journey.hops)
    for one in proof.reached:
        for delivery in (*one.deliveries, *(answer for back in one.answers for answer in back)):
            if delivery.end is not None:
                yield delivery.end.host, _TAKEN
    for event in proof.events:
        yield event.host, _ENDED.get(event.hook)
        yield from ((host, _PASSED) for host in event.route if host != event.host)


def _pieces(flows: FlowSet) -> tuple[Entry, ...]:
    """A set as data that another space can read; all flows where that would be too much."""
    found = flows.pieces(limit=_MOST_PIECES + 1)
    return ({},) if len(found) > _MOST_PIECES else tuple(found)


def _flows(space: Space, pieces: Sequence[Mapping[str, Any]]) -> FlowSet:
    return _union(space, (whatever_else(space, piece) for piece in pieces))


def _union(space: Space, sets: Iterable[FlowSet]) -> FlowSet:
    return FlowSet(space, space.diagrams.union_all(one.node for one in sets))


def _entry(host: str, one: Difference) -> Entry:
    finding = one.finding
    flows = finding.sorted_flows() if isinstance(finding, SortedFinding) else {}
    if REST in flows:
        flows[HARMLESS] = flows.pop(REST)
    touched = finding.touched if isinstance(finding, SortedFinding) else ()
    culprits = finding.case.culprits()
    return {
        "host": host,
        "hook": one.hook,
        "ruleset": one.ruleset,
        "connection": finding.connection,
        "flows": flows,
        "paths": sorted(name for name in touched if not name.startswith(_EXPECTED_FLOW)),
        "rules": [culprit.to_dict() for culprit in culprits[:MOST]],
        "more_rules": max(len(culprits) - MOST, 0),
    }


def _statement(
    hosts: Sequence[str],
    required: Sequence[str],
    unequal: Sequence[str],
    doubts: Sequence[str],
    otherwise: bool,
) -> str:
    """``otherwise``: whether any flow fares otherwise on any host."""
    if required:
        more = f" and {len(required) - 3} more" if len(required) > 3 else ""
        return f"this change touches {_count(required, 'required path')}: {', '.join(required[:3])}{more}"
    if doubts:
        return f"that this change touches no required path is not proven: {doubts[0]}"
    if unequal:
        return f"no rule that changed touches a required path, and yet {unequal[0]!r} fares otherwise"
    if not hosts:
        return "no rule has changed: this change touches no required path"
    if not otherwise:
        more = f" and {len(hosts) - 3} more" if len(hosts) > 3 else ""
        return (
            "no flow fares otherwise: this change touches no path; proven for every packet on"
            f" {', '.join(hosts[:3])}{more}, whose rules are written otherwise and do the same"
        )
    return (
        f"this change touches no required path: proven for every flow that fares otherwise on"
        f" {_count(hosts, 'host')} whose rules changed"
    )


def _count(items: Sequence[str], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"
