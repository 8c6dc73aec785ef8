# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a host may ask about the host itself: its addresses, its interfaces.

Sources: ``fib ... type`` and ``-m addrtype`` look an address up in the routing table ``local`` (kernel,
``__inet_dev_addr_type``): 0.0.0.0/8 and 255.255.255.255 are broadcast, 224.0.0.0/4 is multicast, what has
no entry is unicast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..model import text
from ..model.match import (
    ALWAYS,
    NEVER,
    Either,
    Fib,
    In,
    Match,
    Named,
    Not,
    Range,
    Ranges,
    Unknown,
    both,
    merge_ranges,
)

IPV4, IPV6 = Named("family", ("ipv4",)), Named("family", ("ipv6",))
_MULTICAST: dict[int, Ranges] = {
    family: (text.address_range(prefix)[1:],) for family, prefix in ((4, "224.0.0.0/4"), (6, "ff00::/8"))
}
_LINK_LOCAL = text.address_range("fe80::/10")[1:]
_BROADCAST: Ranges = ((0, (1 << 24) - 1), ((1 << 32) - 1, (1 << 32) - 1))
# What ipv6_addr_type calls unicast: neither ::, nor mapped, nor multicast.
_UNICAST: Ranges = (
    (1, text.address_range("::ffff:0:0")[1] - 1),
    (text.address_range("::1:0:0:0")[1], text.address_range("ff00::")[1] - 1),
)
# Types that IPv6 routes tell.
ROUTE_TYPES = ("unicast", "anycast", "unreachable", "blackhole", "prohibit")
NO_ADDRESSES = "the host's own addresses were not gathered"


@dataclass(slots=True)
class HostFacts:
    """``local``, ``broadcast``: ranges by family, None while they are not known. ``by_link``: interface -> kind
    of address -> ranges, by family. ``anycast``: IPv4 addresses that a route of this kind names.
    ``interfaces``: name by index. ``groups``: interface names by link group. ``bridges``: interfaces that are
    bridges or stand on one, None while that is not known. ``above``: by interface those that stand on it."""

    local: dict[int, tuple[Range, ...]] | None = None
    broadcast: tuple[Range, ...] = ()
    interfaces: Mapping[int, str] | None = None
    groups: Mapping[str, tuple[str, ...]] | None = None
    not_understood: list[dict[str, str]] = field(default_factory=list)
    by_link: dict[int, dict[str, dict[str, list[Range]]]] | None = None
    anycast: tuple[Range, ...] = ()
    bridges: tuple[str, ...] | None = None
    above: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def address_type(self, which: str, word: str, family: int = 0, by: str = "") -> Match:
        """A match for addresses of a type, as ``fib ... type`` says it.

        ``which``: src or dst. ``family``: 4, 6, or 0 for both. ``by``: only what the interface of this field has
        counts as an address of the host. What follows from IPv6 routes is asked of them (``Fib``).
        """
        if self.local is None or (by and self.by_link is None):
            return Unknown(f"{which} type {word} {by}".strip(), NO_ADDRESSES)
        found = [self._of_ipv4(which, word, by)] if family != 6 else []
        if family != 4:
            found.append(self._of_ipv6(which, word, by))
        return _either(found)

    def _of_ipv4(self, which: str, word: str, by: str) -> Match:
        known = {
            "local": self._of_host(which, "local", 4, by),
            "multicast": In(which, _MULTICAST[4], 4),
            "broadcast": self._of_host(which, "broadcast", 4, by),
            "anycast": In(which, self.anycast, 4) if self.anycast and not by else NEVER,
        }
        if word in known:
            return known[word]
        if word != "unicast":
            return (
                NEVER  # the look-up of a refused address fails, which makes it unicast (__inet_dev_addr_type)
            )
        return both(IPV4, *(negated(match) for match in known.values() if match is not NEVER))

    def _of_ipv6(self, which: str, word: str, by: str) -> Match:
        if word == "local" and not by:
            # A link-local address is looked up on the link that the packet came by (nft_fib6_flowi_init).
            elsewhere = [
                both(Named("in_interface", (other,)), In(which, ranges, 6))
                for name, ranges in self._near().items()
                for other in self._near()
                if other != name
            ]
            own = self._of_host(which, word, 6, "")
            return both(own, *map(Not, elsewhere))
        if word == "local":
            return self._of_host(which, word, 6, by)
        if word == "multicast":
            return In(which, _MULTICAST[6], 6)
        if word in ("broadcast", "nat", "xresolve"):
            return NEVER
        if word not in ROUTE_TYPES:
            return both(IPV6, Unknown(f"{which} type {word}", f"address type {word} is not modelled"))
        return both(IPV6, Fib(which, (word,), "type", by))

    def _near(self) -> dict[str, Ranges]:
        """The link-local addresses of each interface."""
        links = (self.by_link or {}).get(6, {})
        near = {
            name: tuple(one for one in kinds.get("local", ()) if _LINK_LOCAL[0] <= one[0] <= _LINK_LOCAL[1])
            for name, kinds in links.items()
        }
        return {name: ranges for name, ranges in near.items() if ranges}

    def _of_host(self, which: str, kind: str, family: int, by: str) -> Match:
        if not by:
            ranges = (self.local or {}).get(family, ()) if kind == "local" else self.broadcast
            return In(which, ranges, family) if ranges else NEVER
        found: list[Match] = [In(which, _BROADCAST, 4)] if kind == "broadcast" else []
        for name, kinds in (self.by_link or {}).get(family, {}).items():
            if kind in kinds:
                found.append(both(Named(by, (name,)), In(which, merge_ranges(kinds[kind]), family)))
        return _either(found)

    def extended_type(self, which: str, words: Iterable[str], by: str = "") -> Match:
        """The types that iptables asks of an IPv6 address (xt_addrtype.c, ``match_type6``): those that follow
        from the address itself must all hold, and of those that routes tell, one."""
        if self.local is None or (by and self.by_link is None):
            return Unknown(f"{which} type {','.join(words)} {by}".strip(), NO_ADDRESSES)
        itself: list[Match] = []
        others: list[Match] = []
        for word in words:
            if word in ("multicast", "unicast"):
                ranges = In(which, _MULTICAST[6] if word == "multicast" else _UNICAST, 6)
                itself.append(ranges)
            elif word == "unspec":
                itself.append(In(which, ((0, 0),), 6))
            elif word == "unreachable":
                others.append(Fib(which, ("unreachable", "blackhole", "prohibit"), "type"))
            elif word == "local":
                others.append(self._of_host(which, word, 6, by))
            else:
                others.append(self._of_ipv6(which, word, by))
            if by and word in ("unreachable", "anycast"):
                others[-1] = Unknown(
                    f"{which} type {word} {by}", f"address type {word} of one link is not modelled"
                )
        return both(*itself, *([_either(others)] if others else []))

    def packet_type(self, word: str) -> Match:
        """The link layer's kind of destination, taken to be that of the address. ``other``, a packet for
        somebody else that a bridge or a sniffer sees, is unknown."""
        group = _either(self.address_type("dst", one) for one in ("broadcast", "multicast"))
        if word in ("broadcast", "multicast"):
            return self.address_type("dst", word)
        if word in ("host", "unicast"):
            return negated(group)
        return Unknown(f"packet type {word}", f"packet type {word} is not modelled")

    def interface_of(self, way: str, index: int) -> Match:
        """A match by an interface's index, which ``nft`` prints when no interface has it any more."""
        if self.interfaces is None:
            return Unknown(f"{way} index {index}", "the host's interfaces were not gathered")
        name = self.interfaces.get(index)
        return Named(way, (name,)) if name else NEVER

    def link(self, index: str) -> str | None:
        """The name of an interface by its index; empty if none has it, None where that is not known."""
        return None if self.interfaces is None else self.interfaces.get(int(index), "")

    def group(self, way: str, group: str) -> Match:
        if self.groups is None:
            return Unknown(f"{way} group {group}", "the host's interface groups were not gathered")
        names = self.groups.get(group, ())
        return Named(way, names) if names else NEVER


def _either(matches: Iterable[Match]) -> Match:
    parts = tuple(part for part in matches if part is not NEVER)
    if not parts:
        return NEVER
    return parts[0] if len(parts) == 1 else Either(parts)


def negated(match: Match) -> Match:
    """The opposite, without needless nesting."""
    if match is NEVER:
        return ALWAYS
    if match is ALWAYS:
        return NEVER
    return match.match if isinstance(match, Not) else Not(match)
