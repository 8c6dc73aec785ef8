# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines by which a configuration tells of which platform it is.

Configurations of Cisco, and those of Juniper, VyOS and Palo Alto Networks, look alike enough to be read as another's,
and then have no list at an interface. A text with marks of other platforms and none of its own is not read. Most marks
are what a device prints above its configuration; the others are commands that one of the nine platforms alone has, by
their command references.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...model.raw import RawOutput
from .. import outputs as raw

_NAMES = {
    "cisco_ios": "Cisco IOS",
    "cisco_nxos": "Cisco NX-OS",
    "cisco_xr": "Cisco IOS XR",
    "cisco_asa": "Cisco ASA",
    "arista_eos": "Arista EOS",
    "juniper_junos": "Juniper Junos",
    "paloalto_panos": "PAN-OS",
    "fortinet": "FortiOS",
    "vyos": "VyOS",
}
_LINES = {
    "cisco_ios": (
        r"Current configuration ?:",
        r"version 1[0-9]\.\d+[ \t]*$",
        r"service timestamps (?:debug|log) ",
        r"boot-start-marker",
        r"zone security \S",
        r"zone-pair security \S",
        r"ip access-list extended \S",
    ),
    "cisco_nxos": (
        r"!Command: show (?:running|startup)-config",
        r"!Running configuration last done at",
        r"version \d+\.\d+\(\d+\)",
        r"vdc \S+ id \d",
        r"feature [a-z]",
        r"boot (?:nxos|kickstart) ",
        r"vrf context \S",
    ),
    "cisco_xr": (
        r"!! IOS XR Configuration",
        r"RP/\d+/\S+:\S+#",
        r"ipv4 access-list \S",
        r"[ \t]+ipv4 (?:address|access-group) \S",
    ),
    "cisco_asa": (
        r": Saved[ \t]*$",
        r":? ?(?:ASA|PIX|FWSM) Version \d",
        r"[ \t]*nameif \S",
        r"access-list \S+ (?:line \d+ )?extended ",
        r"access-group \S+ (?:in|out) interface \S",
        r"access-group \S+ global",
    ),
    "arista_eos": (
        r"! Command: show (?:running|startup)-config",
        r"! device: .*EOS",
        r"service routing protocols model ",
        r"transceiver qsfp default-mode",
        r"traffic-policies[ \t]*$",
        r"[ \t]+traffic-policy (?:input|output) \S",
        r"management api http-commands",
    ),
    "juniper_junos": (
        r"## Last (?:commit|changed)",
        r"version \d+\.\d+[A-Z][\w.-]*;",
        r"set version \d",
        r"set firewall family ",
        r"set security (?:zones|policies|address-book|nat|screen) ",
        r"set (?:policy-options|routing-instances|routing-options|forwarding-options) ",
        r"set interfaces [a-z]+-\d+/",
        r"[ \t]+family inet6? \{",
    ),
    "paloalto_panos": (
        r"set (?:deviceconfig|rulebase|mgt-config|shared|device-group) ",
        r"set network (?:interface|virtual-router|logical-router|profiles) ",
        r"set vsys vsys\d",
        r"<config (?:version|urldb)=",
        r"deviceconfig \{",
    ),
    "fortinet": (r"#config-version=", r"config (?:system|firewall|router|vdom|global)\b"),
    "vyos": (
        r"// vyos-config-version",
        r"/\* === vyatta-config-version",
        r"set interfaces (?:ethernet|bonding|dummy|loopback|bridge|wireguard|openvpn|tunnel|pppoe) \S",
        r"set firewall (?:name|ipv6-name|ipv4|ipv6|group|zone|global-options|state-policy|interface) ",
        r"set zone-policy ",
        r"set (?:nat|nat66) (?:source|destination) rule ",
        r"[ \t]+(?:ethernet|bonding) (?:eth|bond)\d+ \{",
    ),
}
_MARKS = {platform: re.compile(f"^(?:{'|'.join(lines)})", re.MULTILINE) for platform, lines in _LINES.items()}


def problem(outputs: Mapping[str, RawOutput], platform: str) -> str:
    """Why the running configuration that was given can't be read as one of ``platform``; empty if nothing says so."""
    why = raw.problem(outputs, "running_config")
    text = raw.text(outputs, "running_config")
    if why or _MARKS[platform].search(text):
        return why
    for other, marks in _MARKS.items():
        found = marks.search(text)
        if found is not None:
            line = text[found.start() : found.start() + 80].lstrip().split("\n", 1)[0]
            begins = " ".join(line.split()[:3])
            return f"the text is of {_NAMES[other]}, not of {_NAMES[platform]}: it has {begins!r}"
    return ""
