# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ends of one path on one network: which flows are asked about, and where they begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..analyse.network import Network
from ..analyse.reach import union
from ..analyse.routes import FAMILY_NAME
from ..analyse.walk import Start
from ..errors import PolicyError
from ..model import text
from ..model.flowset import FlowSet
from ..model.match import Ranges, merge_ranges
from .addresses import Pair, address_towards, as_spoken, choose_pair, lost_end
from .inventory import Groups, members
from .paths import AddressRange, Boundary, Endpoint, Path
from .translated import Detours, detours
from .ways_in import WaysIn

# ``resolver(host, name)`` -> addresses as that host resolves the name (an empty host: as the controller does); none
# where it has no address, None where nobody asked.
Resolver = Callable[[str, str], "Sequence[str] | None"]


@dataclass(slots=True)
class Ends:
    """``starts``: the flows and where they begin; ``asked``: all of them. ``entries``: alternatives by which
    flows from plain addresses may come in. ``outside``: flows to plain addresses. ``sources`` and
    ``destinations``: host -> its addresses in the flows. ``missing_*``: hosts without a snapshot.
    ``missing_entries``: boundaries' hosts without one. ``lacking``: (host, family) without an address.
    ``gone``: flows to or from an address that a host had before and has no more: (host, flows, why).
    ``doubtful``: flows that what is excepted may cover, which is not known because of ``doubts``.
    ``unentered``: flows from plain addresses that no gathered router has a way in for.
    ``detours``: translations by which flows may come to a forbidden destination.
    ``goals``: host -> the flows meant for it, if the destination is hosts. ``resolved``: (host, name) -> addresses,
    for each name that was resolved. ``notes``: for people."""

    asked: FlowSet
    outside: FlowSet
    starts: list[Start] = field(default_factory=list)
    entries: list[Start] = field(default_factory=list)
    sources: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    destinations: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    missing_sources: list[str] = field(default_factory=list)
    missing_destinations: list[str] = field(default_factory=list)
    missing_entries: list[str] = field(default_factory=list)
    lacking: list[tuple[str, int]] = field(default_factory=list)
    gone: list[tuple[str, FlowSet, str]] = field(default_factory=list)
    doubtful: FlowSet | None = None
    doubts: list[str] = field(default_factory=list)
    unentered: FlowSet | None = None
    detours: Detours | None = None
    goals: dict[str, FlowSet] | None = None
    resolved: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    unresolved: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class EndFinder:
    """Finds the ends of paths. ``reference``: the network of a baseline, whose choice of addresses holds
    as long as the hosts still have them: a lost route must not move the question to another address."""

    def __init__(
        self,
        network: Network,
        groups: Groups,
        boundaries: Sequence[Boundary] = (),
        resolver: Resolver | None = None,
        reference: Network | None = None,
    ) -> None:
        self.network = network
        self.groups = groups
        self.boundaries = tuple(boundaries)
        self.resolver = resolver
        self.reference = reference
        self.space = network.space
        self._ways = WaysIn(network)
        self._owned_by: dict[str, FlowSet] = {}
        self._choices: dict[tuple[bool, str, str, int], tuple[Pair | None, int]] = {}

    def find(self, path: Path) -> Ends:
        """PolicyError if an end resolves to nothing."""
        ends = Ends(self.space.nothing, self.space.nothing)
        families = path.families or (4, 6)
        source = self._resolved(path.source, ends, [], families)
        asking = [name for name in members(path.source, self.groups) if name in self.network.states]
        destination = self._resolved(path.destination, ends, asking, families)
        if ends.unresolved:
            return ends
        source = self._settled(source, "src", ends, asking, families)
        destination = self._settled(destination, "dst", ends, asking, families)
        if path.required:
            self._required(path, source, destination, ends)
        else:
            self._forbidden(path, source, destination, families, ends)
        self._ask(path, destination, ends)
        return ends

    def _ask(self, path: Path, destination: Endpoint, ends: Ends) -> None:
        asked = [*(start.flows for start in [*ends.starts, *ends.entries]), *(gone[1] for gone in ends.gone)]
        if ends.unentered is not None:
            asked.append(ends.unentered)
        ends.asked = union(self.space.nothing, asked)
        if destination.kind == "hosts":
            ends.goals = {host: self._at(values, "dst") for host, values in ends.destinations.items()}
        if not path.required and destination.kind != "any":
            ends.detours = detours(self.network, ends.asked, path.services)
        missing = ends.missing_sources or ends.missing_destinations or ends.missing_entries
        if not ends.asked and not missing and not ends.lacking:
            raise PolicyError(
                f"path {path.name!r} asks about no flow at all: its two ends leave nothing",
                path.where,
                "check the endpoints, what they except, and families",
            )

    # Endpoints.

    def _resolved(
        self, endpoint: Endpoint, ends: Ends, hosts: Sequence[str], families: Sequence[int]
    ) -> Endpoint:
        """``dns`` becomes plain addresses, as each of ``hosts`` resolves it (none: as we do); other kinds stay."""
        if endpoint.kind != "dns":
            return endpoint
        found: dict[AddressRange, None] = {}
        for name in endpoint.names:
            answers = {host: self.resolver(host, name) if self.resolver else None for host in hosts or [""]}
            unasked = [host or "the controller" for host, answer in answers.items() if answer is None]
            if unasked:
                ends.unresolved.append(
                    f"{name} was not resolved as {', '.join(unasked)} would: no answer is kept beside the snapshots"
                )
            for host, answer in answers.items():
                if answer is None:
                    continue
                ends.resolved[host, name] = tuple(answer)
                if not answer:
                    ends.unresolved.append(f"{name} resolves to no address on {host or 'the controller'}")
                for address in answer:
                    family, low, high = text.address_range(address)
                    if family in families:
                        found[AddressRange(family, low, high, f"{name} ({address})")] = None
        if not found and not ends.unresolved:
            ends.unresolved.append(f"{', '.join(endpoint.names)} resolves to no address")
        return Endpoint("addresses", endpoint.where, addresses=tuple(found), excepted=endpoint.excepted)

    def _settled(
        self,
        endpoint: Endpoint,
        field_name: str,
        ends: Ends,
        hosts: Sequence[str],
        families: Sequence[int],
    ) -> Endpoint:
        """What the endpoint excepts, resolved as each of ``hosts`` does; and which flows it may cover while that is not
        known."""
        excepted = []
        for other in endpoint.excepted:
            missing = [name for name in members(other, self.groups) if name not in self.network.states]
            if other.kind == "hosts" and missing and endpoint.kind != "hosts":
                self._doubt(ends, self.space.everything - self._owned(field_name))
                ends.doubts += [f"{name} is excepted, and was not gathered" for name in missing]
            if other.kind == "dns":
                found = Ends(self.space.nothing, self.space.nothing)
                answers = [self._resolved(other, found, [host], families) for host in hosts or [""]]
                if len({frozenset(answer.addresses) for answer in answers}) > 1:
                    found.unresolved.append(f"hosts resolve {', '.join(other.names)} to different addresses")
                other = answers[0]
                ends.resolved.update(found.resolved)
                if found.unresolved:
                    self._doubt(ends, self.space.everything)
                    ends.doubts += [f"it is excepted, and {why}" for why in found.unresolved]
            excepted.append(self._settled(other, field_name, ends, hosts, families))
        return replace(endpoint, excepted=tuple(excepted))

    def _doubt(self, ends: Ends, flows: FlowSet) -> None:
        ends.doubtful = flows if ends.doubtful is None else ends.doubtful | flows

    def _at(self, values: Iterable[tuple[int, int]], field_name: str) -> FlowSet:
        found = self.space.nothing
        for family in (4, 6):
            ranges = merge_ranges((value, value) for version, value in values if version == family)
            if ranges:
                found = found | self.space.everything.only(field_name, ranges, family)
        return found

    def _hosts(self, endpoint: Endpoint, missing: list[str]) -> list[str]:
        names = members(endpoint, self.groups)
        missing += [name for name in names if name not in self.network.states]
        return [name for name in names if name in self.network.states]

    def _kept(self, endpoint: Endpoint, field_name: str) -> FlowSet:
        """The flows whose ``field_name`` lies in the endpoint's ``addresses``, less what it excepts."""
        found = self.space.everything
        if endpoint.kind == "hosts" and endpoint.addresses:
            found = self._in_ranges(endpoint.addresses, field_name)
        for other in endpoint.excepted:
            found = found - self._covered(other, field_name)
        return found

    def _covered(self, endpoint: Endpoint, field_name: str) -> FlowSet:
        """All flows whose ``field_name`` is an address of the endpoint (a host: every one it has)."""
        if endpoint.kind == "any":
            found = self.space.everything
        elif endpoint.kind == "hosts":
            found = self.space.nothing
            for name in members(endpoint, self.groups):
                if name in self.network.states:
                    found = found | self._own(name, field_name, (4, 6))
            if endpoint.addresses:
                found = found & self._in_ranges(endpoint.addresses, field_name)
        else:
            found = self._in_ranges(endpoint.addresses, field_name)
        for other in endpoint.excepted:
            found = found - self._covered(other, field_name)
        return found

    def _in_ranges(self, addresses: Sequence[AddressRange], field_name: str) -> FlowSet:
        found = self.space.nothing
        for family in (4, 6):
            ranges = merge_ranges(item.range for item in addresses if item.family == family)
            if ranges:
                found = found | self.space.everything.only(field_name, ranges, family)
        return found

    def _own(self, host: str, field_name: str, families: Sequence[int]) -> FlowSet:
        found = self.space.nothing
        for family in families:
            values = merge_ranges((own.value, own.value) for own in self.network.addresses(host, family))
            if values:
                found = found | self.space.everything.only(field_name, values, family)
        return found

    def _service(self, path: Path, flows: FlowSet) -> FlowSet:
        return union(
            self.space.nothing, (service.select(flows, path.source_ports) for service in path.services)
        )

    # Required paths.

    def _required(self, path: Path, source: Endpoint, destination: Endpoint, ends: Ends) -> None:
        kept = self._kept(source, "src") & self._kept(destination, "dst")
        kept = self._service(path, kept)
        if source.kind == "hosts":
            hosts = self._hosts(source, ends.missing_sources)
            if destination.kind == "hosts":
                targets = self._hosts(destination, ends.missing_destinations)
                self._between_hosts(path, source, destination, hosts, targets, kept, ends)
            else:
                self._from_hosts(path, hosts, destination.addresses, kept, ends)
            return
        if source.kind == "any" or destination.kind == "any":
            self._any_required(path, source, destination, kept, ends)
            return
        if destination.kind == "hosts":
            targets = self._hosts(destination, ends.missing_destinations)
            flows = self._to_hosts(path, source.addresses, targets, kept, ends)
        else:
            flows = (
                kept
                & self._in_ranges(source.addresses, "src")
                & self._in_ranges(destination.addresses, "dst")
            )
            ends.outside = ends.outside | flows
        self._begin_anywhere(flows, ends)

    def _between_hosts(
        self,
        path: Path,
        source: Endpoint,
        destination: Endpoint,
        hosts: list[str],
        targets: list[str],
        kept: FlowSet,
        ends: Ends,
    ) -> None:
        if len(set(hosts) | set(ends.missing_sources)) == 1 and set(hosts + ends.missing_sources) == set(
            targets + ends.missing_destinations
        ):
            raise PolicyError(
                f"both ends of path {path.name!r} are the same host", path.where, "name two different ends"
            )
        chosen: list[Pair] = []
        for host in hosts:
            mine: list[Pair] = []
            for target in targets:
                if target != host:
                    mine += self._pairs(path, source, destination, host, target, ends)
            chosen += mine
        by_start: dict[tuple[str, int, int], list[int]] = {}
        for pair in chosen:
            by_start.setdefault((pair.source_host, pair.family, pair.source), []).append(pair.destination)
            ends.sources.setdefault(pair.source_host, set()).add((pair.family, pair.source))
            ends.destinations.setdefault(pair.destination_host, set()).add((pair.family, pair.destination))
        losses = self._losses(chosen)
        narrowed: dict[tuple[int, Ranges], FlowSet] = {}
        for (host, family, address), values in by_start.items():
            key = (family, merge_ranges((value, value) for value in values))
            if key not in narrowed:
                narrowed[key] = kept.only("dst", key[1], family)
            flows = narrowed[key].only("src", ((address, address),), family)
            if (host, family, address) in losses:
                flows = self._without_gone(flows, losses[host, family, address], ends)
            if not source.addresses:
                flows = as_spoken(self.network, host, family, flows, ends.sources)
            if flows:
                ends.starts.append(Start(host, "", flows))

    def _losses(self, chosen: Sequence[Pair]) -> dict[tuple[str, int, int], list[tuple[Pair, str, int]]]:
        """By source: the pairs of the baseline of which one end has lost its address, and which."""
        found: dict[tuple[str, int, int], list[tuple[Pair, str, int]]] = {}
        for pair in chosen if self.reference is not None else ():
            lost = lost_end(self.network, pair)
            if lost is not None:
                found.setdefault((pair.source_host, pair.family, pair.source), []).append((pair, *lost))
        return found

    @staticmethod
    def _without_gone(flows: FlowSet, losses: Sequence[tuple[Pair, str, int]], ends: Ends) -> FlowSet:
        for pair, loser, lost in losses:
            mine = flows.only("dst", ((pair.destination, pair.destination),), pair.family)
            if mine:
                why = f"{loser} no longer has the address {text.address_text(pair.family, lost)}"
                ends.gone.append((loser, mine, why))
                flows = flows - mine
        return flows

    def _pairs(
        self, path: Path, source: Endpoint, destination: Endpoint, host: str, target: str, ends: Ends
    ) -> Iterator[Pair]:
        if source.addresses or destination.addresses:
            yield from self._given(source, destination, host, target, path.families or (4, 6))
            return
        found = False
        for family in path.families or (4, 6):
            pair, others = self._choice(self.network, host, target, family)
            before = self._before(host, target, family)
            if before is not None and (pair is None or not self._renumbered(before, pair)):
                pair, others = before, 0
            if pair is None:
                if path.families:
                    ends.lacking += [
                        (name, family) for name in (host, target) if not self.network.addresses(name, family)
                    ] or [(host, family)]
                continue
            found = True
            if others and not ends.notes:
                ends.notes.append(
                    f"{host} and {target} could also speak by other addresses; taken is "
                    f"{text.address_text(family, pair.source)} to "
                    f"{text.address_text(family, pair.destination)}"
                )
            yield pair
        if not found and not path.families:
            ends.lacking.append((host if not self.network.routing[host].state.routes else target, 0))

    def _renumbered(self, before: Pair, pair: Pair) -> bool:
        """Whether only the source's address changed, within its network: it speaks from the new one."""
        if lost_end(self.network, before) != (before.source_host, before.source):
            return False
        return pair.destination == before.destination and any(
            own.low <= before.source <= own.high
            for own in self.network.addresses(pair.source_host, pair.family)
            if own.value == pair.source
        )

    def _before(self, host: str, target: str, family: int) -> Pair | None:
        if self.reference is None or host not in self.reference.states or target not in self.reference.states:
            return None
        return self._choice(self.reference, host, target, family)[0]

    def _choice(self, network: Network, host: str, target: str, family: int) -> tuple[Pair | None, int]:
        key = (network is self.network, host, target, family)
        if key not in self._choices:
            self._choices[key] = choose_pair(network, host, target, family)
        return self._choices[key]

    def _given(
        self, source: Endpoint, destination: Endpoint, host: str, target: str, families: Sequence[int]
    ) -> Iterator[Pair]:
        """Pairs where the policy says which addresses are meant; the other end is what routing chooses."""
        for family in families:
            theirs = [own.value for own in self.network.addresses(target, family)]
            mine = [own.value for own in self.network.addresses(host, family)]
            if destination.addresses:
                theirs = [value for value in theirs if _within(value, family, destination.addresses)]
            if source.addresses:
                mine = [value for value in mine if _within(value, family, source.addresses)]
            for value in theirs:
                if source.addresses:
                    yield from (Pair(family, host, own, target, value) for own in mine)
                else:
                    towards, _gateway = self.network.routing[host].source_for(family, value)
                    chosen = towards if towards in mine else next(iter(mine), None)
                    if chosen is not None:
                        yield Pair(family, host, chosen, target, value)
            if not destination.addresses:
                for own in mine:
                    back, _gateway = self.network.routing[target].source_for(family, own)
                    if back is not None:
                        yield Pair(family, host, own, target, back)

    def _address(self, host: str, towards: AddressRange) -> int | None:
        """The address that the host's routing chooses; without a route its first, None if it has none."""
        value = address_towards(self.network, host, towards)
        own = self.network.addresses(host, towards.family)
        return value if value is not None else own[0].value if own else None

    def _from_hosts(
        self, path: Path, hosts: list[str], addresses: Sequence[AddressRange], kept: FlowSet, ends: Ends
    ) -> None:
        for item in addresses:
            there = kept.only("dst", (item.range,), item.family)
            for host in hosts:
                if path.destination.kind == "dns" and not _told(ends, host, path.destination.names, item):
                    continue  # another host's answer
                value = self._address(host, item)
                if value is None:
                    ends.lacking.append((host, item.family))
                    continue
                flows = there.only("src", ((value, value),), item.family)
                if not path.source.addresses:
                    flows = as_spoken(self.network, host, item.family, flows, ends.sources)
                if flows:
                    ends.sources.setdefault(host, set()).add((item.family, value))
                    ends.starts.append(Start(host, "", flows))
                    ends.outside = ends.outside | flows

    def _to_hosts(
        self, path: Path, addresses: Sequence[AddressRange], targets: list[str], kept: FlowSet, ends: Ends
    ) -> FlowSet:
        found = self.space.nothing
        for item in addresses:
            there = kept.only("src", (item.range,), item.family)
            for target in targets:
                value = self._address(target, item)
                if value is None:
                    ends.lacking.append((target, item.family))
                    continue
                flows = there.only("dst", ((value, value),), item.family)
                if flows:
                    ends.destinations.setdefault(target, set()).add((item.family, value))
                    found = found | flows
        return found

    def _any_required(
        self, path: Path, source: Endpoint, destination: Endpoint, kept: FlowSet, ends: Ends
    ) -> None:
        where = "from" if source.kind == "any" else "to"
        if where == "to":
            raise PolicyError(
                f"path {path.name!r} requires that any destination is open",
                f"{path.where}.to",
                "name what must be reachable",
            )
        if destination.kind == "hosts":
            targets = self._hosts(destination, ends.missing_destinations)
            flows = self.space.nothing
            for target in targets:
                flows = flows | kept & self._own(target, "dst", path.families or (4, 6))
        else:
            flows = kept & self._in_ranges(destination.addresses, "dst")
        flows = flows - self._owned("src")
        for boundary in self._entries(ends):
            ends.starts.append(Start(boundary.host, boundary.interface, flows))

    # Forbidden paths.

    def _forbidden(
        self, path: Path, source: Endpoint, destination: Endpoint, families: Sequence[int], ends: Ends
    ) -> None:
        kept = self._service(path, self._kept(source, "src") & self._kept(destination, "dst"))
        kept = kept.named("family", [FAMILY_NAME[family] for family in families])
        if destination.kind == "hosts":
            flows = self.space.nothing
            for target in self._hosts(destination, ends.missing_destinations):
                flows = flows | kept & self._own(target, "dst", families)
                for family in families:
                    for own in self.network.addresses(target, family):
                        ends.destinations.setdefault(target, set()).add((family, own.value))
        elif destination.kind == "any":
            flows = kept
            ends.outside = flows
        else:
            flows = kept & self._in_ranges(destination.addresses, "dst")
            ends.outside = flows
        if source.kind == "hosts":
            for host in self._hosts(source, ends.missing_sources):
                self._begin(host, flows, families, ends)
        elif source.kind == "any":
            excepted = {
                name
                for other in source.excepted
                if other.kind == "hosts" and not other.addresses
                for name in members(other, self.groups)
            }
            for host in self.network.states:
                if host not in excepted and host not in ends.destinations:
                    self._begin(host, flows, families, ends)
            for boundary in self._entries(ends):
                mine = flows - self._owned("src")
                ends.starts.append(Start(boundary.host, boundary.interface, mine))
        else:
            self._begin_anywhere(flows & self._in_ranges(source.addresses, "src"), ends)

    def _begin(self, host: str, flows: FlowSet, families: Sequence[int], ends: Ends) -> None:
        """A host's own packets, from any of its addresses; what stays on the host is no path."""
        mine = flows & self._own(host, "src", families) - self._own(host, "dst", families)
        if mine:
            ends.starts.append(Start(host, "", mine))
            for family in families:
                for own in self.network.addresses(host, family):
                    ends.sources.setdefault(host, set()).add((family, own.value))

    # Where flows begin.

    def _owned(self, field_name: str) -> FlowSet:
        if field_name not in self._owned_by:
            found = self.space.nothing
            for family in (4, 6):
                ranges = self.network.owned_ranges(family)
                if ranges:
                    found = found | self.space.everything.only(field_name, ranges, family)
            self._owned_by[field_name] = found
        return self._owned_by[field_name]

    def _entries(self, ends: Ends) -> list[Boundary]:
        """The policy's boundaries, or every interface that leads to nothing gathered, or all of the routers'."""
        if self.boundaries:
            ends.missing_entries += [
                boundary.host for boundary in self.boundaries if boundary.host not in self.network.states
            ]
            return [boundary for boundary in self.boundaries if boundary.host in self.network.states]
        found = [Boundary(host, interface) for host, interface in self.network.edges()]
        if found:
            return found
        found = [
            Boundary(name, interface.name)
            for name, state in self.network.states.items()
            if any(state.forwarding.values())
            for interface in state.interfaces.values()
            if interface.up
            and any(
                own.interface == interface.name
                for family in (4, 6)
                for own in self.network.addresses(name, family)
            )
        ]
        shown = ", ".join(f"{item.host} {item.interface}" for item in found)
        ends.notes.append(
            f"no interface leads to nothing gathered, so any comes in by all interfaces of the routers "
            f"({shown}); say boundaries: to choose"
        )
        return found

    def _begin_anywhere(self, flows: FlowSet, ends: Ends) -> None:
        """Flows from plain addresses: those of gathered hosts begin there, the rest comes in where its route leads."""
        for family in flows.families():
            by_host: dict[str, list[int]] = {}
            for low, high in flows.ranges("src", family):
                for value, owner in self.network.owned_within(family, low, high):
                    by_host.setdefault(owner.host, []).append(value)
            for host, values in by_host.items():
                mine = flows.only("src", merge_ranges((value, value) for value in values), family)
                mine = mine - self._own(host, "dst", (family,))
                if mine:
                    ends.sources.setdefault(host, set()).update((family, value) for value in values)
                    ends.starts.append(Start(host, "", mine))
        rest = flows - self._owned("src")
        if rest:
            ways = self._ways.of(rest)
            ends.entries += ways
            lost = rest - union(self.space.nothing, (way.flows for way in ways))
            if lost:
                ends.unentered = lost if ends.unentered is None else ends.unentered | lost


def _within(value: int, family: int, addresses: Sequence[AddressRange]) -> bool:
    return any(item.family == family and item.low <= value <= item.high for item in addresses)


def hosts_of(ends: Mapping[str, set[tuple[int, int]]], flows: FlowSet, field_name: str) -> list[str]:
    """The hosts that have an address in ``flows``."""
    inside: dict[int, Ranges] = {family: flows.ranges(field_name, family) for family in flows.families()}
    return [
        host
        for host, addresses in ends.items()
        if any(low <= value <= high for family, value in addresses for low, high in inside.get(family, ()))
    ]


def _told(ends: Ends, host: str, names: Sequence[str], item: AddressRange) -> bool:
    """Whether a host resolves one of the names to this address."""
    told = (address for name in names for address in ends.resolved.get((host, name), ()))
    return any(text.address_range(address) == (item.family, *item.range) for address in told)
