# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How connection tracking on a host sees packets: the states, flags and marks put on plain flows.

Sources: nf_conntrack_proto_tcp.c (the table ``tcp_conntracks``: a SYN ACK without its SYN is invalid, an
ACK in SYN_SENT is invalid, a lone ACK is picked up as new while ``nf_conntrack_tcp_loose`` is 1, its
default, and invalid while it is 0); nf_conntrack_proto_icmp.c (an answer without its request is invalid; an
error about a connection is related to it, whichever packet of it the error is about, and any other error is
invalid).
"""

from __future__ import annotations

from ..model.fields import FIELDS, PROTOCOLS
from ..model.flowset import FlowSet, Space
from ..model.match import Ranges

SYN, ACK = 0x02, 0x10
_TCP = ((PROTOCOLS["tcp"],) * 2,)
_ICMP = tuple((PROTOCOLS[name],) * 2 for name in ("icmp", "icmpv6"))
_NOT_TCP: Ranges = ((0, PROTOCOLS["tcp"] - 1), (PROTOCOLS["tcp"] + 1, 255))
_NEITHER: Ranges = ((0, 0), (2, 5), (7, 57), (59, 255))

FIRST, ANSWER, STRAY_ANSWER, FURTHER, STRAY_FURTHER = (
    "first",
    "answer",
    "stray answer",
    "further",
    "stray further",
)
STRAY_ANSWER_ANEW, STRAY_ANSWER_STRICT = "stray answer, picked up", "stray answer, not picked up"
ERROR_BACK, ERROR_ON = "error back", "error on"
# The fields of a host's view of packets come after those of the packets themselves.
_FIRST_OF_VIEWS = FIELDS["tcp_flags"].first
_OF_ERRORS = (ERROR_BACK, ERROR_ON)
# By whether a lone ACK is picked up; None: not known.
STRAY_ANSWERS = {True: STRAY_ANSWER_ANEW, False: STRAY_ANSWER_STRICT, None: STRAY_ANSWER}
_STRAY_BUT_ACK: tuple[tuple[Ranges, str, tuple[int, ...]], ...] = (
    (_TCP, "invalid", (SYN | ACK,)),
    (_ICMP, "invalid", ()),
    (_NEITHER, "new", ()),
)
# kind of packet -> (protocols, connection, TCP flags) that it may show; no flags: any.
_SEEN_AS: dict[str, tuple[tuple[Ranges, str, tuple[int, ...]], ...]] = {
    FIRST: ((_TCP, "new", (SYN,)), (_NOT_TCP, "new", ())),
    ANSWER: ((_TCP, "established", (SYN | ACK, ACK)), (_NOT_TCP, "established", ())),
    STRAY_ANSWER: (*_STRAY_BUT_ACK, (_TCP, "new", (ACK,)), (_TCP, "invalid", (ACK,))),
    STRAY_ANSWER_ANEW: (*_STRAY_BUT_ACK, (_TCP, "new", (ACK,))),
    STRAY_ANSWER_STRICT: (*_STRAY_BUT_ACK, (_TCP, "invalid", (ACK,))),
    FURTHER: ((_TCP, "established", (ACK,)), (_NOT_TCP, "established", ())),
    STRAY_FURTHER: ((_TCP, "invalid", (ACK,)), (_NOT_TCP, "new", ())),
    ERROR_BACK: ((_ICMP, "related", ()),),
    ERROR_ON: ((_ICMP, "related", ()),),
}


# A packet that opens a connection, strange as it may be, goes that connection's way.
_DIRECTION = {
    FIRST: "original",
    FURTHER: "original",
    ANSWER: "reply",
    **dict.fromkeys(STRAY_ANSWERS.values(), "original"),
    STRAY_FURTHER: "original",
    ERROR_BACK: "reply",
    ERROR_ON: "original",
}


class Dresser:
    """Puts a host's view of packets on plain flows; each view is made once."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._views: dict[tuple[str, str, str, bool], FlowSet] = {}
        self._icmp = space.everything.only("protocol", _ICMP)

    def dress(
        self, flows: FlowSet, kind: str, in_interface: str, out_interface: str, marked: bool = False
    ) -> FlowSet:
        """``kind``: what packets these are. An empty interface is none. ``marked``: leave the connection mark free."""
        key = (kind, in_interface, out_interface, marked)
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = self._view(*key)
        seen = flows & view
        # A view of packets that are no errors leaves none of them out, one of errors no errors.
        if self.space.diagrams.deepest[flows.node] < _FIRST_OF_VIEWS and (
            kind not in _OF_ERRORS or flows <= self._icmp
        ):
            self.space.plain.setdefault(seen.node, flows)
        return seen

    def _view(self, kind: str, in_interface: str, out_interface: str, marked: bool) -> FlowSet:
        found = self.space.nothing
        for protocols, connection, flags in _SEEN_AS[kind]:
            part = self.space.everything.only("protocol", protocols).named("connection", (connection,))
            found = found | (
                part.only("tcp_flags", tuple((value, value) for value in flags)) if flags else part
            )
        if kind == FIRST:
            found = found.named("ct_status", ("none",))
        if kind in _DIRECTION:
            found = found.named("direction", (_DIRECTION[kind],))
        found = (
            found.only("mark", ((0, 0),))
            .named("in_interface", (in_interface,))
            .named("out_interface", (out_interface,))
            .named("in_zone", ("",))  # rules about zones ask for their interfaces (zones.py)
            .named("out_zone", ("",))
        )
        return found if marked else found.only("ct_mark", ((0, 0),))
