# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Juniper Junos: firewall filters of routers and switches, and the security policies of SRX.

Read are ``show configuration``, in braces, with or without ``| display inheritance``, ``show configuration | display
set``, ``| display xml``, and what is loaded as one of them. Sources: the Juniper documents that ``config/junos_*`` and
``config/srx_*`` name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from ..model.match import ALWAYS
from ..model.raw import RawOutput
from ..model.rules import Verdict
from ..model.state import State
from . import outputs as raw
from .config import braces, junos_groups, junos_strays, junos_xml, platform_marks, srx_inbound
from .config.braces import Node
from .config.device import Device
from .config.junos_filter import Filters
from .config.junos_interfaces import Interfaces
from .config.srx_nat import Nat
from .config.srx_policies import Policies
from .config.words import NotUnderstoodError

PLATFORM = "juniper_junos"
_UNBOUND = "this part of a configuration has no interfaces: where its filters are bound is not known"
_REFUSED = re.compile(r"^\s*(error:|syntax error|unknown command|missing argument|permission denied)", re.I)
# What "| display inheritance" writes above each statement of a group.
_INHERITED = re.compile(r"^\s*## '.*' was inherited from group '", re.M)
_PAGED = re.compile(r"^---\(more", re.M)
# Parts of a configuration that bear on which packets pass.
_BEARING = (
    "access",
    "applications",
    "firewall",
    "forwarding-options",
    "groups",
    "interfaces",
    "logical-systems",
    "policy-options",
    "routing-instances",
    "security",
    "vlans",
)


# Words of a statement that can be of rules, by which it is told from what a person or a terminal says.
_SHORTEST = 3
# Whoever reads these looks for doubts below them.
_JUDGED = frozenset(
    (
        "address",
        "address-set",
        "application",
        "application-set",
        "filter",
        "host-inbound-traffic",
        "policy",
        "pool",
        "prefix-list",
        "rule",
        "unit",
    )
)
# Words by which rules are seen to be in a part that is not known.
_OF_RULES = frozenset(
    ("family", "filter", "from-zone", "policies", "policy", "security-zone", "term", "unit", "zones")
)
# The others. What is in neither is said.
_OTHERS = frozenset(
    (
        "access-profile",
        "accounting-options",
        "apply-macro",
        "bridge-domains",
        "chassis",
        "class-of-service",
        "connections",
        "dynamic-profiles",
        "ethernet-switching-options",
        "event-options",
        "fabric",
        "multi-chassis",
        "multicast-snooping-options",
        "poe",
        "protocols",
        "routing-options",
        "schedulers",
        "security-profile",
        "services",
        "snmp",
        "switch-options",
        "system",
        "tenants",
        "version",
        "virtual-chassis",
        "vmhost",
        "wlan",
    )
)
_OF_SECURITY = frozenset(
    (
        "address-book",
        "advance-policy-based-routing",
        "alarms",
        "alg",
        "analysis",
        "application-firewall",
        "application-tracking",
        "authentication-key-chains",
        "certificates",
        "datapath-debug",
        "dynamic-address",
        "dynamic-vpn",
        "firewall-authentication",
        "flow",
        "forwarding-options",
        "forwarding-process",
        "gprs",
        "group-vpn",
        "idp",
        "ike",
        "ipsec",
        "ipsec-policy",
        "log",
        "macsec",
        "mirror-filter",
        "nat",
        "ngfw",
        "pki",
        "policies",
        "remote-access",
        "resource-manager",
        "screen",
        "secure-wire",
        "softwires",
        "ssh-known-hosts",
        "tcp-encap",
        "traceoptions",
        "user-identification",
        "utm",
        "zones",
    )
)


def _objects(root: Node) -> Iterator[tuple[str, Node]]:
    """Lists, addresses, applications and times that filters and policies name; each with its kind."""
    for node in root.each("schedulers", "scheduler"):
        yield "scheduler", node
    for node in root.each("policy-options", "prefix-list"):
        yield "prefix-list", node
    books = [(f"address-book {book.word}", book) for book in root.each("security", "address-book")]
    for zone in root.each("security", "zones", "security-zone"):
        found = zone.find("address-book")
        if found is not None:
            books.append((f"address-book of zone {zone.word}", found))
    for title, book in [*books, ("applications", root.find("applications"))]:
        for kind in ("address", "address-set", "application", "application-set"):
            for node in book.each(kind) if book is not None else ():
                yield f"{title} {kind}", node


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, PLATFORM)
    why = platform_marks.problem(outputs, "juniper_junos")
    try:
        if why:
            raise NotUnderstoodError(why)
        root = _tree(device, raw.text(outputs, "running_config"))
    except NotUnderstoodError as error:
        device.state.unreadable.append({"what": "running_config", "reason": str(error)})
        device.state.firewall_known = False
        return device.finish()
    whole = root.find("system") is not None or root.find("version") is not None
    filters = Filters(device, root, whole)
    interfaces = Interfaces(device, root, filters)
    if filters.keys and not whole and root.find("interfaces") is None:
        device.bound("in", ALWAYS, Verdict("unknown", detail=_UNBOUND), _UNBOUND, None, (_UNBOUND,))
    zones = root.each("security", "zones", "security-zone")
    # A part of a configuration may have no more than the address books of its zones.
    zoned = any(zone.find("interfaces") or zone.find("host-inbound-traffic") for zone in zones)
    if zones or root.find("security", "policies") is not None:
        Nat(device, root, Policies(device, root).book)
    if zoned:
        srx_inbound.hook(device, root)
    device.state.hostname = root.value("system", "host-name")
    for kind, node in _objects(root):
        device.define(kind, node.word, (" ".join(words) for words in node.leaves()))
    return device.finish(itself=whole or zoned or interfaces.filters_itself)


def _tree(device: Device, text: str) -> braces.Node:
    """NotUnderstoodError where the text is no configuration, or not all of one."""
    if _REFUSED.match(text):
        raise NotUnderstoodError(" ".join(text.split("\n", 1)[0].split())[:200])
    if _PAGED.search(text):
        raise NotUnderstoodError("the output was paged: ---(more)--- stands in it")
    found = junos_xml.read(text) if text.lstrip().startswith("<") else braces.read(text)
    for top in found.denied:
        if top in ("", *_BEARING):
            raise NotUnderstoodError(
                f"the user may not see all of the configuration: ACCESS-DENIED in {top or 'it'}"
            )
    if not found.root.children:
        raise NotUnderstoodError("there is no statement in it")
    _say(device, found)
    for said in junos_strays.lost(found.root):
        raise NotUnderstoodError(said)
    if _INHERITED.search(text):
        junos_groups.forget(found.root)
    elif "apply-groups" in text:
        junos_groups.expand(found.root)
        if found.root.doubt:
            raise NotUnderstoodError(found.root.doubt)
        for name in _BEARING:
            doubt = _doubt(found.root.find(name))
            if doubt:
                raise NotUnderstoodError(f"{name}: {doubt}")
    return found.root


def _doubt(node: braces.Node | None) -> str:
    """Why a part is not known where no reader of rules, addresses or the like would see it."""
    if node is None or node.doubt:
        return node.doubt if node is not None else ""
    for child in node.each():
        if child.word not in _JUDGED:
            doubt = _doubt(child)
            if doubt:
                return doubt
    return ""


def _say(device: Device, found: braces.Reading) -> None:
    """What in the text has no meaning here. NotUnderstoodError where it may have rules."""
    for line, said in found.notes:
        words = said.split()
        if words[0] not in ("activate", "deactivate") and words[1:2] and words[1] in _BEARING:
            raise NotUnderstoodError(f"line {line}: {said[:100]!r} is not understood")
        if words[0] in _BEARING and len(words) > _SHORTEST:
            raise NotUnderstoodError(f"line {line}: {said[:100]!r} has no 'set', or none like it")
        device.not_understood(f"line {line}", said[:200], "no statement, or of what is not there")
    parts: list[tuple[braces.Node, str, Collection[str]]]
    parts = [(node, node.word, {*_OTHERS, *_BEARING}) for node in found.root.each()]
    parts += [(node, f"security {node.word}", _OF_SECURITY) for node in found.root.each("security")]
    for node, said, known in parts:
        if node.word in known or node.word.startswith("apply-groups"):
            continue
        why = "no part of a configuration that is known"
        if _has_rules(node, 3):
            raise NotUnderstoodError(f"line {node.line}: {said!r} is {why}")
        device.not_understood(f"line {node.line}", said, why)


def _has_rules(node: braces.Node, depth: int) -> bool:
    return node.word in _OF_RULES or (
        depth > 0 and any(_has_rules(child, depth - 1) for child in node.each())
    )
