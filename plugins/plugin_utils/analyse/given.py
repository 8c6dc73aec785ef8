# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses that translations take from interfaces: what masquerading and redirecting give."""

from __future__ import annotations

from ..model.flowset import FlowSet
from .network import Network
from .outcome import Passed
from .routes import FAMILY_NAME, Leg


def resolved(
    network: Network,
    host: str,
    passed: Passed,
    fields: dict[str, int | None],
    in_interface: str,
    leg: Leg | None,
) -> list[tuple[FlowSet, dict[str, int | None]]]:
    """Masquerading and redirecting take the address of the interface; other values that are not known stay so.

    Of several addresses, redirecting takes the first (nf_nat_redirect.c)."""
    if "dst" in passed.of_interface and in_interface:
        return _redirected(network, host, passed, fields, in_interface)
    if "src" not in passed.of_interface or leg is None:
        return [(passed.after, fields)]
    found = []
    for family in passed.flows.families():
        mine = [own for own in network.addresses(host, family) if own.interface == leg.interface]
        near = [own for own in mine if leg.gateway is not None and own.low <= leg.gateway <= own.high] or mine
        after = passed.after.named("family", (FAMILY_NAME[family],))
        if near:
            found.append((after.assign("src", near[0].value, family), {**fields, "src": near[0].value}))
        else:
            found.append((after, fields))
    return found


def _redirected(
    network: Network, host: str, passed: Passed, fields: dict[str, int | None], in_interface: str
) -> list[tuple[FlowSet, dict[str, int | None]]]:
    found = []
    for family in passed.flows.families():
        own = (one for one in network.addresses(host, family) if one.interface == in_interface)
        first = next(own, None)
        after = passed.after.named("family", (FAMILY_NAME[family],))
        if first is None:
            found.append((after, fields))
        else:
            found.append((after.assign("dst", first.value, family), {**fields, "dst": first.value}))
    return found
