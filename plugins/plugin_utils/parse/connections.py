# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rules may ask about the connection of a packet: its direction, its translation, its first packet.

Sources: xt_conntrack.c, nft_ct.c. A packet without a connection answers none of these questions.
``ct original`` is the packet that opened the connection as it came, before any translation: the packet at
hand itself where its end was not translated, with the ends exchanged for an answer.
"""

from __future__ import annotations

from collections.abc import Callable

from ..model.match import NEVER, Either, Match, Named, Not, Unknown, both

Builder = Callable[[str], Match]
_OPEN = Named("connection", ("established",))
# Bits of nf_conntrack_common.h, IPS_*: what they are for a first packet and for an open connection.
_STATUS_BITS: dict[str, Match] = {
    "dnat": Named("ct_status", ("dnat", "both")),
    "snat": Named("ct_status", ("snat", "both")),
    "seen-reply": _OPEN,
    "confirmed": _OPEN,
    "assured": both(_OPEN, Unknown("ct status assured", "whether a connection is assured is not followed")),
    "dying": NEVER,
}
_EXCHANGED = {"src": "dst", "dst": "src", "src_port": "dst_port", "dst_port": "src_port"}
_TRANSLATION = {"src": "snat", "src_port": "snat", "dst": "dnat", "dst_port": "dnat"}


def status(word: str) -> Match:
    """Whether a packet's connection has a status bit (``ct status``, in nft's words)."""
    found = _STATUS_BITS.get(word)
    if found is None:
        unknown = Unknown(f"ct status {word}", f"ct status {word} is not modelled")
        found = both(Not(Named("connection", ("new",))), unknown)
    return found


def direction(word: str) -> Match:
    """``original`` or ``reply``."""
    return Named("direction", (word,))


def original(field: str, words: str, build: Builder) -> Match:
    """Whether ``field`` of the packet that opened the connection is what ``build(field)`` asks for."""
    other = _EXCHANGED[field]
    forth, back = Named("direction", ("original",)), Named("direction", ("reply",))
    changed = Unknown(words, f"{words}: what the connection was before its translation is not followed")
    untouched = ("none", "snat" if _TRANSLATION[field] == "dnat" else "dnat")
    # An answer to a translated connection has been translated back at one end, or not yet.
    return Either(
        (
            both(forth, Named("ct_status", untouched), build(field)),
            both(back, Named("ct_status", ("none",)), build(other)),
            both(forth, Not(Named("ct_status", untouched)), changed),
            both(back, Not(Named("ct_status", ("none",))), changed),
        )
    )


def reply(field: str, words: str, build: Builder) -> Match:
    """Whether ``field`` of the answer that the connection awaits is what ``build(field)`` asks for."""
    other = _EXCHANGED[field]
    changed = Unknown(words, f"{words}: what answers to a translated connection are is not followed")
    none = Named("ct_status", ("none",))
    return Either(
        (
            both(Named("direction", ("original",)), none, build(other)),
            both(Named("direction", ("reply",)), none, build(field)),
            both(Not(none), changed),
        )
    )


def from_socket(match: Match) -> Match:
    """What holds only for packets that a socket of the host sent."""
    return both(Named("origin", ("socket",)), match)
