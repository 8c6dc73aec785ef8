# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of its addresses a host gives its own packets, where the route says none.

Sources: ``inet_select_addr`` (IPv4: on the route's interface one in the gateway's network, else the first; secondary
ones and those of a narrower scope than the route's never); ``ipv6_get_saddr_eval`` and RFC 6724, sections 2.1 and 5
(IPv6, rules 1, 3, 5, 6, 7 and 8, where a common prefix counts no longer than the address's own).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..model import text

if TYPE_CHECKING:
    from .routes import Own

_UNUSABLE = frozenset(("tentative", "dadfailed"))
# RFC 6724, section 2.1, with the labels of addrlabel.c; the longest prefix counts.
_LABELS = [
    (high - low, low, high, label)
    for prefix, label in (
        ("::/0", 1),
        ("fc00::/7", 5),
        ("::1/128", 0),
        ("2002::/16", 2),
        ("::/96", 3),
        ("::ffff:0:0/96", 4),
        ("2001::/32", 6),
        ("2001:10::/28", 7),
    )
    for _family, low, high in (text.address_range(prefix),)
]


def in_sysctl(interface: str) -> str:
    """sysctl(8) writes the dot of a name as a slash."""
    return interface.replace(".", "/")


def ipv4(mine: Sequence[Own], interface: str, gateway: int | None) -> Own | None:
    """Of ``mine``, in the order of the interfaces, for packets that leave by ``interface``."""
    # A route without a gateway has the scope link (ip-route(8)).
    barred = {"secondary", "host", *(("link",) if gateway is not None else ())}
    fit = [own for own in mine if not barred.intersection(own.flags)]
    there = [own for own in fit if own.interface == interface]
    near = [own for own in there if gateway is not None and own.low <= gateway <= own.high]
    elsewhere = [own for own in fit if "link" not in own.flags]
    return next(iter(near or there or elsewhere), None)


def ipv6(
    mine: Sequence[Own], interface: str, destination: int, settings: Mapping[str, int] | None = None
) -> Own | None:
    """The same for IPv6; ``settings``: of the kernel (``use_tempaddr``, ip-sysctl.rst)."""
    fit = [own for own in mine if not _UNUSABLE.intersection(own.flags)]
    return min(fit, key=lambda own: _rank(own, interface, destination, settings or {}), default=None)


def as_good(mine: Sequence[Own], interface: str) -> list[Own]:
    """IPv6 addresses between which the destination decides."""
    fit = [own for own in mine if not _UNUSABLE.intersection(own.flags)]
    ranks = [("deprecated" in own.flags, own.interface != interface) for own in fit]
    best = min(ranks, default=None)
    return [own for own, rank in zip(fit, ranks) if rank == best]


def _rank(own: Own, interface: str, destination: int, settings: Mapping[str, int]) -> tuple[object, ...]:
    wanted = settings.get(f"net.ipv6.conf.{in_sysctl(own.interface)}.use_tempaddr", 0) >= 2
    common = text.WIDTH[6] - (own.value ^ destination).bit_length()
    return (
        own.value != destination,
        "deprecated" in own.flags,
        own.interface != interface,
        _label(own.value) != _label(destination),
        ("temporary" in own.flags) != wanted,
        -min(common, own.length),
    )


def _label(address: int) -> int:
    return min(entry for entry in _LABELS if entry[1] <= address <= entry[2])[3]
