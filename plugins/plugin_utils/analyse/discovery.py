# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether hosts on one network find each other over IPv6: rules of either may drop neighbour discovery.

Sources: RFC 4861, 7.2 (who asks, from which address, for which group; who answers) and ``ndisc_solicit`` (a
router asks from its link-local address, a host from the address of the packet that it has to send); connection
tracking does not follow these packets (``icmpv6_error``, ``noct_valid_new``). Over IPv4 it is ARP that is
dropped, by rules of another family (see ``parse.nft_arp``).

Only what is certainly dropped counts. What that means for a path is not certain: a neighbour that is known
already, or was made known by hand, is still reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..model import text
from ..model.fields import PROTOCOLS
from ..model.flowset import FlowSet, Space
from .evaluate import HostFirewall
from .outcome import Outcome
from .routes import Own

_SOLICITATION, _ADVERTISEMENT = 135, 136
_NAMES = {_SOLICITATION: "neighbour solicitations", _ADVERTISEMENT: "neighbour advertisements"}
_GROUP, _GROUP_BITS = text.address_range("ff02::1:ff00:0")[1], (1 << 24) - 1  # RFC 4291, 2.7.1
_LINK_LOCAL = text.address_range("fe80::/10")[1:]
_SENT, _RECEIVED = ("output", "postrouting", "egress"), ("ingress", "prerouting", "input")


@dataclass(frozen=True, slots=True)
class Link:
    """A host, and its interface on the network."""

    host: str
    interface: str


@dataclass(frozen=True, slots=True)
class _Message:
    kind: int
    source: tuple[int, int]
    target: tuple[int, int]


class Discovery:
    """Of one network's hosts; each question is answered once."""

    def __init__(
        self,
        space: Space,
        firewall: Callable[[str], HostFirewall | None],
        addresses: Callable[[str], list[Own]],
    ) -> None:
        """``firewall``: of a host, None where its rules are not known; ``addresses``: all of a host's."""
        self._space = space
        self._firewall = firewall
        self._addresses = addresses
        self._found: dict[tuple[Link, Link | None, int | None, int], str] = {}

    def fails(self, sender: Link, taker: Link | None, source: int | None, target: int) -> str:
        """Why ``sender`` does not find who has the address ``target`` (``taker``, None: not gathered); empty if
        nothing is known to keep it from that. ``source``: the sender's own address if the packets are its own."""
        key = (sender, taker, source, target)
        if key not in self._found:
            self._found[key] = self._asked(*key)
        return self._found[key]

    def _asked(self, sender: Link, taker: Link | None, source: int | None, target: int) -> str:
        asking = (source, source) if source is not None else self._link_local(sender)
        group = _GROUP | (target & _GROUP_BITS)
        question = _Message(_SOLICITATION, asking, (group, group))
        answer = _Message(_ADVERTISEMENT, (target, target), asking)
        steps = [(sender, _SENT, question), (taker, _RECEIVED, question)]
        steps += [(taker, _SENT, answer), (sender, _RECEIVED, answer)]
        for link, hooks, message in steps:
            if link is not None and (why := self._dropped(link, hooks, message)):
                return f"{why}, without which {sender.host} does not find {text.address_text(6, target)} anew"
        return ""

    def _link_local(self, link: Link) -> tuple[int, int]:
        there = (
            own for own in self._addresses(link.host) if own.family == 6 and own.interface == link.interface
        )
        found = next((own.value for own in there if _LINK_LOCAL[0] <= own.value <= _LINK_LOCAL[1]), None)
        return _LINK_LOCAL if found is None else (found, found)

    def _dropped(self, link: Link, hooks: tuple[str, ...], message: _Message) -> str:
        firewall = self._firewall(link.host)
        if firewall is None:
            return ""
        sent = hooks is _SENT
        packets = self._packets(message).named("in_interface", ("" if sent else link.interface,))
        packets = packets.named("out_interface", (link.interface if sent else "",))
        packets = packets.named("origin", ("socket" if sent else "network",))
        outcome = firewall.hooks(hooks, packets)
        if outcome.permit or outcome.unknown:
            return ""
        return f"{link.host} drops {_NAMES[message.kind]} on {link.interface}{_by(outcome)}"

    def _packets(self, message: _Message) -> FlowSet:
        number = PROTOCOLS["icmpv6"]
        return (
            self._space.everything.named("family", ("ipv6",))
            .named("connection", ("untracked",))
            .only("protocol", ((number, number),))
            .only("icmp_type", ((message.kind, message.kind),))
            .only("icmp_code", ((0, 0),))
            .only("mark", ((0, 0),))
            .only("src", (message.source,), 6)
            .only("dst", (message.target,), 6)
        )


def _by(outcome: Outcome) -> str:
    for part in outcome.parts:
        for rule in part.rules if part.verdict == "deny" else ():
            return f" by {rule.chain}: {rule.text}" if rule.position else f" by {rule.chain}'s default action"
    return ""
