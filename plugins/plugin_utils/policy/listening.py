# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens where a flow is delivered."""

from __future__ import annotations

from collections.abc import Sequence

from ..analyse.routes import FAMILY_NAME
from ..model import text
from ..model.fields import PROTOCOLS
from ..model.flowset import FlowSet
from ..model.state import Listener, State

NOT_KNOWN = "unknown"
_MOST_SINGLE, _MOST_TOLD = 32, 3
_LOOPBACKS = ("127.", "::1")
# Kinds of interfaces (ip-link(8)) that hold addresses and take no packets: these come by another one.
_BY_OTHERS = ("loopback", "dummy")


def listeners_known(state: State) -> bool:
    return bool(state.listeners) and not any(
        item["what"].startswith("listeners") for item in state.unreadable
    )


def listener_of(state: State, protocol: str, port: int, family: int, address: int) -> Listener | None:
    """Who takes what comes for one port of one address."""
    mine = text.address_text(family, address)
    return next(
        (
            item
            for item in state.listeners
            if item.protocol.startswith(protocol) and item.port == port and _takes(state, item, family, mine)
        ),
        None,
    )


def listening(state: State, flows: FlowSet) -> dict[str, str]:
    """``{listening, text}`` for flows as they are delivered on a host: yes, no, partly, or unknown; empty for protocols
    other than TCP and UDP, which ask no socket."""
    asked = [
        (
            name,
            flows.only("protocol", ((PROTOCOLS[name],) * 2,)).named("family", (FAMILY_NAME[family],)),
            family,
        )
        for name in ("tcp", "udp")
        for family in flows.families()
    ]
    sockets = [(name, family, *_single(part, family)) for name, part, family in asked if part]
    if not sockets:
        return {"listening": "", "text": ""}
    if not listeners_known(state):
        return {"listening": NOT_KNOWN, "text": f"who listens on {state.host} is not known"}
    if not all(ports and addresses for _name, _family, ports, addresses in sockets):
        return {"listening": NOT_KNOWN, "text": "too many ports or addresses to tell who listens"}
    takers, nobody = [], []
    for name, family, ports, addresses in sockets:
        for port in ports:
            for address in addresses:
                found = listener_of(state, name, port, family, address)
                if found is not None:
                    who = found.process or "a program"
                    takers.append(f"{who} listens on {name} {_socket(found.address, found.port)}")
                else:
                    nobody.append(nobody_listens(state, name, ((port, port),), family, address))
    verdict = "no" if not takers else "partly" if nobody else "yes"
    said = list(dict.fromkeys([*nobody, *takers]))
    more = [f"and {len(said) - _MOST_TOLD} more"] if len(said) > _MOST_TOLD else []
    return {"listening": verdict, "text": "; ".join([*said[:_MOST_TOLD], *more])}


def _single(flows: FlowSet, family: int) -> tuple[list[int], list[int]]:
    """The ports and addresses of flows, one by one; empty where there are too many."""
    found = []
    for ranges in (flows.ranges("dst_port"), flows.ranges("dst", family)):
        count = sum(high - low + 1 for low, high in ranges)
        few = count <= _MOST_SINGLE
        found.append([value for low, high in ranges for value in range(low, high + 1)] if few else [])
    return found[0], found[1]


def _socket(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def nobody_listens(
    state: State, protocol: str, ports: Sequence[tuple[int, int]], family: int, address: int
) -> str:
    """What is wrong with the listeners of a port range on one address; empty if one of its ports has one."""
    mine = text.address_text(family, address)
    there = [
        item
        for item in state.listeners
        if item.protocol.startswith(protocol) and any(low <= item.port <= high for low, high in ports)
    ]
    if any(_takes(state, item, family, mine) for item in there):
        return ""
    shown = ", ".join(text.ranges_to_text("dst_port", ports))
    if not there:
        return f"nothing listens on {protocol} {shown}"
    bound = ", ".join(sorted({f"{item.address}{_on(item)}" for item in there}))
    only = (
        "only on loopback"
        if all(item.address.startswith(_LOOPBACKS) for item in there)
        else f"only on {bound}"
    )
    who = there[0].process or "the service"
    return f"{who} listens on {protocol} {shown} {only}, not on {mine} ({FAMILY_NAME[family]})"


def _on(item: Listener) -> str:
    return f" of {item.interface}" if item.interface else ""


def _takes(state: State, item: Listener, family: int, address: str) -> bool:
    if item.interface and not _may_come_by(state, item.interface, address):
        return False
    if item.address in ("0.0.0.0", "*"):  # noqa: S104 - a comparison, nothing is bound
        return family == 4 or item.address == "*"
    if item.address in ("::", "[::]"):
        return family == 6 or not item.v6_only
    return item.address == address


def _may_come_by(state: State, bound: str, address: str) -> bool:
    """Whether what comes for an address may come by the interface that a socket is bound to, or by one of its VRF
    (socket(7), SO_BINDTODEVICE): by the one that has it, where another has none of its kind."""
    owners = {
        name
        for name, item in state.interfaces.items()
        if any(own.partition("/")[0] == address for own in item.addresses)
    }
    if not owners or any(state.interfaces[name].kind in _BY_OTHERS for name in owners):
        return True
    return bound in owners | {state.interfaces[name].master for name in owners}
