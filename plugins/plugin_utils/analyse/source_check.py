# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 packets that a Linux host drops for their source: source validation, RFC 3704.

Sources: Documentation/networking/ip-sysctl.rst (``rp_filter``: the larger value of ``all`` and of the interface;
``src_valid_mark``, ``accept_local``: either) and ``__fib_validate_source``: it asks for the route back to the source,
as if the packet had come in by where the real one goes out (``lo`` for one that is for the host); whichever next hop
of that route may lead back. A loose check is strict on an interface without an address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..model import text
from ..model.flowset import FlowSet, Space
from ..model.match import Ranges
from ..model.state import State
from .journey import DENY, UNKNOWN
from .routes import Leg, Routing
from .sources import in_sysctl

_MODES = {1: "strict", 2: "loose"}
_LOOPBACK = "lo"
_ALL = "net.ipv4.conf.all."
# What comes out of IPsec was validated by its keys (``secpath_exists``).
_OF_IPSEC = ("vti", "xfrm")
_MOST_SOURCES, _MOST_TOLD, _MOST_WAYS = 1000, 3, 8
_ELSEWHERE = "would have to come in by "


@dataclass(frozen=True, slots=True)
class Dropped:
    """``verdict``: deny or unknown. ``flows``: packets as routing sees them; the mark is theirs."""

    verdict: str
    flows: FlowSet
    reason: str


def mode_of(state: State, interface: str) -> str:
    """``strict``, ``loose``, or empty: not checked, or not known whether."""
    name = f"net.ipv4.conf.{in_sysctl(interface)}.rp_filter"
    values = [state.settings.get(key) for key in (f"{_ALL}rp_filter", name)]
    known = [value for value in values if value is not None]
    item = state.interfaces.get(interface)
    if len(known) < len(values) or (item is not None and item.kind in _OF_IPSEC):
        return ""
    return _MODES.get(max(known), "")


def _either(state: State, interface: str, name: str) -> bool:
    keys = (f"{_ALL}{name}", f"net.ipv4.conf.{in_sysctl(interface)}.{name}")
    return any(state.settings.get(key) for key in keys)


class SourceCheck:
    """Of the hosts of one network; each route back is looked up once."""

    def __init__(self, states: Mapping[str, State], routing: Mapping[str, Routing], space: Space) -> None:
        self._states = states
        self._routing = routing
        self._space = space
        self._found: dict[tuple[str, str, str, Ranges], list[Dropped]] = {}
        self._own: dict[str, FlowSet] = {}

    def looks_at_marks(self, host: str, interface: str) -> bool:
        """Whether the way back depends on the packet's mark."""
        state = self._states[host]
        return self._routing[host].follows_marks and _either(state, interface, "src_valid_mark")

    def dropped(self, host: str, interface: str, out_interface: str, flows: FlowSet) -> list[Dropped]:
        """Of ``flows`` that came in by an interface: what goes no further. ``out_interface``: where routing sends
        them on, empty for those that are for the host."""
        mode = mode_of(self._states[host], interface)
        if not mode:
            return list(self._of_itself(host, interface, flows))
        sources = flows.hulls("src", 4, _MOST_SOURCES)
        if not sources:
            return []
        key = (host, interface, out_interface or _LOOPBACK, sources)
        if key not in self._found:
            self._found[key] = list(self._back(*key, mode))
        check = f"{host}: rp_filter of {interface} is {mode}: packets from "
        return [
            Dropped(one.verdict, part, f"{check}{_sources(part)} {one.reason}")
            for one in self._found[key]
            for part in (one.flows & flows,)
            if part
        ]

    def _of_itself(self, host: str, interface: str, flows: FlowSet) -> Iterator[Dropped]:
        """What has an address of the host itself goes no further, checked or not. By routing rules of one's own and in
        VRFs the kernel looks the address up, and may find it elsewhere (``fib_validate_source``)."""
        state = self._states[host]
        if state.platform != "linux" or interface == _LOOPBACK:
            return
        if host not in self._own:
            values = tuple((own.value, own.value) for own in self._routing[host].addresses if own.family == 4)
            self._own[host] = self._space.everything.only("src", values, 4)
        mine = flows & self._own[host]
        keys = (f"{_ALL}accept_local", f"net.ipv4.conf.{in_sysctl(interface)}.accept_local")
        known = [state.settings.get(key) for key in keys]
        if mine and not any(known):
            why = f"{host}: packets from {_sources(mine)} have an address of {host} itself"
            surely = None not in known and self._routing[host].local_first
            yield Dropped(DENY if surely else UNKNOWN, mine, why)

    def _back(
        self, host: str, interface: str, out_interface: str, sources: Ranges, mode: str
    ) -> Iterator[Dropped]:
        """``reason`` is left to be begun with the packets."""
        by_mark = self.looks_at_marks(host, interface)
        back = self._space.everything.named("family", ("ipv4",)).only("dst", sources, 4)
        if not by_mark:
            back = back.only("mark", ((0, 0),))
        own = tuple(
            (address.value, address.value) for address in self._routing[host].addresses if address.family == 4
        )
        found: dict[tuple[str, str], list[FlowSet]] = {}
        for part, legs in self._routing[host].lookup(back, out_interface):
            told = self._judged(host, interface, legs, mode)
            if any(leg.kind == "local" for leg in legs):  # beside its own there are broadcast addresses
                part = part.only("dst", own, 4)
            if told[0] and part:
                found.setdefault(told, []).append(part)
        for (verdict, why), parts in _few(found).items():
            nodes = (part.node for part in parts)
            there = FlowSet(self._space, self._space.diagrams.union_all(nodes)).reversed()
            yield Dropped(verdict, there if by_mark else there.forget("mark"), why)

    def _judged(self, host: str, interface: str, legs: tuple[Leg, ...], mode: str) -> tuple[str, str]:
        """``(deny, unknown or empty, why)`` for the routes back to a source."""
        state = self._states[host]
        unknown = next((leg.reason for leg in legs if leg.kind == UNKNOWN), "")
        if unknown:
            return UNKNOWN, f"may have no way back: {unknown}"
        if any(leg.kind == "local" for leg in legs):
            verdict = UNKNOWN if _either(state, interface, "accept_local") else DENY
            return verdict, f"have an address of {host} itself"
        # A link without carrier is a way, too: none of its packets get there, and that is another matter.
        ways = dict.fromkeys(leg.interface for leg in legs if leg.interface)
        if interface in ways:
            return "", ""
        if not ways:
            return DENY, f"have no way back: {legs[0].reason}"
        item = state.interfaces.get(interface)
        addressless = item is not None and all(":" in address for address in item.addresses)
        if mode == "strict" or addressless:
            return DENY, f"{_ELSEWHERE}{' or '.join(ways)}, where the route back goes"
        return "", ""


def _few(found: dict[tuple[str, str], list[FlowSet]]) -> dict[tuple[str, str], list[FlowSet]]:
    """The same, with what would have to come in by each of many interfaces as one."""
    many = [told for told in found if told[1].startswith(_ELSEWHERE)]
    if len(many) <= _MOST_WAYS:
        return found
    one = DENY, f"{_ELSEWHERE}others of its interfaces, where the routes back go"
    kept = {told: parts for told, parts in found.items() if told not in many}
    return {**kept, one: [part for told in many for part in found[told]]}


def _sources(flows: FlowSet) -> str:
    listed = text.ranges_to_text("src", flows.hulls("src", 4), 4)
    more = f" and {len(listed) - _MOST_TOLD} more" if len(listed) > _MOST_TOLD else ""
    return ", ".join(listed[:_MOST_TOLD]) + more
