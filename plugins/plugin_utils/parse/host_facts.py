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

from ..model.match import ALWAYS, NEVER, Either, In, Match, Named, Not, Range, Unknown, both, merge_ranges

NO_ADDRESSES = "the host's own addresses were not gathered"


@dataclass(slots=True)
class HostFacts:
    """``local``, ``broadcast``: ranges by family, None while they are not known. ``interfaces``: name by
    index. ``groups``: interface names by link group."""

    local: dict[int, tuple[Range, ...]] | None = None
    broadcast: tuple[Range, ...] = ()
    interfaces: Mapping[int, str] | None = None
    groups: Mapping[str, tuple[str, ...]] | None = None
    not_understood: list[dict[str, str]] = field(default_factory=list)

    def address_type(self, which: str, word: str, family: int = 0) -> Match:
        """A match for addresses of type ``local``, ``broadcast``, ``multicast`` or ``unicast``.

        ``which``: src or dst. ``family``: 4, 6, or 0 for both. Other types follow from the routing table as
        it is when the packet comes, and are unknown.
        """
        if self.local is None:
            return Unknown(f"{which} type {word}", NO_ADDRESSES)
        families = (family,) if family else (4, 6)
        return _either(self._of_family(which, word, one) for one in families)

    def _of_family(self, which: str, word: str, family: int) -> Match:
        named = Named("family", ("ipv4" if family == 4 else "ipv6",))
        known = {
            "local": (self.local or {}).get(family, ()),
            "multicast": ((0xE0000000, 0xEFFFFFFF),) if family == 4 else ((0xFF << 120, (1 << 128) - 1),),
            "broadcast": self.broadcast if family == 4 else (),
        }
        if word in known:
            return In(which, known[word], family) if known[word] else NEVER
        if word != "unicast":
            return both(
                named, Unknown(f"{which} type {word}", f"address type {word} depends on the routing table")
            )
        special = merge_ranges(part for ranges in known.values() for part in ranges)
        rest = both(named, Not(In(which, special, family)))
        if family == 4:
            return rest
        # IPv6 asks the whole routing table: unicast, if there is a route at all.
        return both(rest, Unknown(f"{which} type unicast", "whether an IPv6 route exists is not followed"))

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
