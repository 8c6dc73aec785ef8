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
from collections.abc import Mapping

from ..model.raw import RawOutput
from ..model.state import State
from . import outputs as raw
from .config import braces, junos_groups, junos_xml, srx_inbound
from .config.device import Device
from .config.junos_filter import Filters
from .config.junos_interfaces import Interfaces
from .config.srx_nat import Nat
from .config.srx_policies import Policies
from .config.words import NotUnderstoodError

PLATFORM = "juniper_junos"
_REFUSED = re.compile(r"^\s*(error:|syntax error|unknown command|missing argument|permission denied)", re.I)
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


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, PLATFORM)
    why = raw.problem(outputs, "running_config")
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
    zones = list(root.each("security", "zones", "security-zone"))
    # A part of a configuration may have no more than the address books of its zones.
    zoned = any(zone.find("interfaces") or zone.find("host-inbound-traffic") for zone in zones)
    if zones or root.find("security", "policies") is not None:
        Nat(device, root, Policies(device, root).book)
    if zoned:
        srx_inbound.hook(device, root)
    device.state.hostname = root.value("system", "host-name")
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
    if "apply-groups" in text:
        junos_groups.expand(found.root)
        if found.root.doubt:
            raise NotUnderstoodError(found.root.doubt)
    for name in _BEARING:
        node = found.root.find(name)
        if node is not None and node.doubt:
            raise NotUnderstoodError(f"{name}: {node.doubt}")
    return found.root


def _say(device: Device, found: braces.Reading) -> None:
    """What in the text has no meaning here."""
    for line, said in found.notes:
        device.not_understood(f"line {line}", said[:200], "no statement, or of what is not there")
    for node in found.root.each():
        if (
            node.word not in _OTHERS
            and node.word not in _BEARING
            and not node.word.startswith("apply-groups")
        ):
            device.not_understood(f"line {node.line}", node.word, "no part of a configuration that is known")
    for node in found.root.each("security"):
        if node.word not in _OF_SECURITY and not node.word.startswith("apply-groups"):
            device.not_understood(f"line {node.line}", f"security {node.word}", "not understood")
