# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SRX lets in to itself: ``host-inbound-traffic`` of zones and interfaces.

Source: Juniper, "Security Zones User Guide", "Controlling Inbound Traffic Based on Traffic Types" and "... on
Protocols": only what is listed is let in, an interface's own list counts instead of its zone's, ``all`` with ``except``
leaves services out, ``any-service`` is any port. Packets of the management ports (fxp0) come to no zone.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...model.match import ALWAYS, Match, Named, Not, Unknown, both
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks, srx_names
from .braces import Node
from .device import Device
from .junos_interfaces import with_unit
from .srx_applications import services

_KNOWN = {"system-services": srx_names.SYSTEM_SERVICES, "protocols": srx_names.PROTOCOLS}
_OUT_OF_BAND = ("fxp0.*", "em0.*", "me0.*", "lo0.*")
_OPEN = Named("connection", ("established", "related"))


def hook(device: Device, root: Node) -> None:
    """The ruleset that packets to the device itself meet."""
    rules = [
        Rule(1, _OPEN, ACCEPT, "packets of open connections pass (session table)"),
        Rule(
            2,
            Named("in_interface", _OUT_OF_BAND),
            ACCEPT,
            "management and loopback interfaces are in no zone",
        ),
    ]
    for asked, verdict, text, line in _all(root):
        why = (verdict.detail,) if verdict.kind == "unknown" else ()
        rules.append(Rule(len(rules) + 1, asked, verdict, text, line=line, not_understood=why))
    device.hook("host-inbound-traffic", "input", 10, rules, "deny")


_Lines = Iterator[tuple[Match, Verdict, str, int | None]]


def _all(root: Node) -> _Lines:
    zones = root.each("security", "zones", "security-zone")
    zones += [node for node in root.each("security", "zones", "functional-zone") if node.word == "management"]
    for zone in zones:
        members = []
        for interface in zone.each("interfaces"):
            name = with_unit(interface.word)
            members.append(name)
            own = interface.find("host-inbound-traffic")
            if own is not None:
                yield from _let_in(Named("in_interface", (name,)), own, f"interfaces {name}")
        listed = zone.find("host-inbound-traffic")
        where: Match = Named("in_zone", (zone.word,))
        if zone.word == "management":
            where = Named("in_interface", tuple(members))
        if listed is not None:
            yield from _let_in(where, listed, f"zone {zone.word}")


def _let_in(where: Match, node: Node, who: str) -> _Lines:
    text = f"{who} {node.text()}"
    for doubt in node.doubts():
        yield where, Verdict("unknown", detail=doubt), text, node.line
        return
    for kind, known in _KNOWN.items():
        listed = {child.word: child.find("except") is not None for child in node.each(kind)}
        left_out = tuple(name for name, excepted in listed.items() if excepted)
        rest = both(where, *(Not(_of(kind, name)) for name in left_out))
        for name, excepted in listed.items():
            said = f"{who} host-inbound-traffic {kind} {name}"
            if excepted:
                continue
            if name == "any-service":
                yield both(rest, asks.either((asks.TCP, asks.UDP))), ACCEPT, said, node.line
            elif name == "all":
                yield (
                    both(rest, asks.either(services(one) for one in known.values())),
                    ACCEPT,
                    said,
                    node.line,
                )
                why = f"{said}: which others these are is not known"
                yield rest, Verdict("unknown", detail=why), why, node.line
            else:
                yield both(rest, _of(kind, name)), ACCEPT, said, node.line
    yield where, DROP, f"{who} host-inbound-traffic: what it does not list", node.line


def _of(kind: str, name: str) -> Match:
    known = _KNOWN[kind].get(name)
    if known is None:
        said = f"host-inbound-traffic {kind} {name}"
        within = services(srx_names.WITHIN[name]) if name in srx_names.WITHIN else ALWAYS
        return both(within, Unknown(said, f"{said}: which packets these are is not known"))
    return services(known)
