# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications of PAN-OS, as far as the first packets of a connection tell them.

Sources: Palo Alto Networks, "Packet Flow Sequence in PAN-OS" and "App-ID Overview": policy is asked at the first
packet with an application that is not known yet, the handshake and first data pass for any rule that might allow
what they turn out to be, and the session is asked about again when its application is identified or shifts (logs
show "incomplete" and "insufficient-data" until then). So a rule for an application holds for a part of the
connections to its ports that no packet filter tells: ``Unknown``. What an IP protocol or an ICMP type alone
identifies is known. A path that assumes ``applications_identified`` takes the port for the application. "Applipedia"
for protocols and standard ports; a port that is not listed here is certainly none of an application's standard ports,
and an application that is not listed may be anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...model.assumptions import APPLICATIONS_IDENTIFIED
from ...model.match import ALWAYS, NEVER, Match, Not, Unknown, both, protocol
from . import asks
from .numbers import number
from .panos_objects import Objects, port_ranges
from .panos_tree import Node
from .words import NotUnderstoodError

_WITH_PORTS = protocol(6, 17, 132)
_BY_PORT = protocol(6, 17)
# Applications that are an IP protocol.
_BY_PROTOCOL = {
    "ax25": 93, "cbt": 7, "egp": 8, "eigrp": 88, "emcon": 14, "encap": 98, "etherip": 97, "ggp": 3, "gre": 47,
    "hmp": 20, "icmp": 1, "idpr": 35, "idrp": 45, "igmp": 2, "igp": 9, "il": 40, "ip-in-ip": 4, "ipcomp": 108,
    "ipip": 94, "ipsec-ah": 51, "ipsec-esp": 50, "ipv6-icmp": 58, "isis": 124, "narp": 54, "ospf": 89,
    "ospfigp": 89, "pgm": 113, "pim": 103, "rsvp": 46, "sctp": 132, "skip": 57, "swipe": 53, "udplite": 136,
    "vrrp": 112,
}  # fmt: skip
# Applications that are a type of ICMP: (family, type).
_BY_ICMP_TYPE = {"ping": (4, 8), "ping6": (6, 128)}
# Standard ports, those for TLS with them.
_STANDARD = {
    "active-directory": "tcp/53,88,135,389,445,464,636,3268,3269 udp/53,88,123,135,389,464",
    "bgp": "tcp/179",
    "dhcp": "udp/67,68",
    "dns": "tcp/53,853 udp/53,853,5353",
    "dns-base": "tcp/53,853 udp/53,853,5353",
    "ftp": "tcp/21,990",
    "ike": "udp/500,4500",
    "imap": "tcp/143,993 udp/143",
    "kerberos": "tcp/88,464,749 udp/88,464,749",
    "ldap": "tcp/389,636,3268,3269 udp/389,3268",
    "ms-rdp": "tcp/3389 udp/3389",
    "mssql-db": "tcp/1433,1434 udp/1433,1434",
    "mysql": "tcp/3306,33060",
    "ntp": "tcp/123 udp/123",
    "ntp-base": "tcp/123 udp/123",
    "oracle": "tcp/1521-1530,2483,2484 udp/2483,2484",
    "pop3": "tcp/110,995",
    "postgres": "tcp/5432",
    "radius": "tcp/2083 udp/1645,1646,1812,1813,2083,3799",
    "smtp": "tcp/25,465,587",
    "smtp-base": "tcp/25,465,587",
    "snmp": "tcp/161,162 udp/161,162",
    "snmp-base": "tcp/161,162 udp/161,162",
    "snmp-trap": "tcp/161,162 udp/161,162",
    "ssh": "tcp/22",
    "ssl": "tcp/443,465,563,636,853,989,990,992-995,5061,8443",
    "syslog": "tcp/514,601,1514,6514 udp/514,1514,6514",
    "tacacs-plus": "tcp/49 udp/49",
    "telnet": "tcp/23,992",
    "tftp": "udp/69",
    "web-browsing": "tcp/80,443,8080",
}
_WELL_KNOWN = sorted({port for said in _STANDARD.values() for port in said.split()})
# Names of applications that are, or hide in, ICMP; no other one is taken for ping, which its type identifies at once.
_IN_ICMP = re.compile(r"icmp|ping|trace|tunnel|ptun")
_NOT_IDENTIFIED = {"unknown-tcp": protocol(6), "unknown-udp": protocol(17), "unknown-p2p": _BY_PORT}
_DEEPEST = 12  # groups in groups
_OF_CUSTOM = frozenset(
    (
        "alg-disable-capability", "able-to-transfer-file", "category", "consume-big-bandwidth", "data-ident",
        "default", "description", "disable-override", "evasive-behavior", "file-type-ident", "has-known-vulnerability",
        "no-appid-caching", "parent-app", "pervasive-use", "prone-to-misuse", "risk", "signature", "spyware-ident",
        "subcategory", "tag", "tcp-half-closed-timeout", "tcp-time-wait-timeout", "tcp-timeout", "technology",
        "timeout", "tunnel-applications", "tunnel-other-application", "udp-timeout", "used-by-malware", "virus-ident",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Application:
    """``where``: the packets that may be of it; ``standard``: those to its standard ports. ``certain``: whether
    nothing but that decides."""

    name: str
    where: Match = ALWAYS
    standard: Match = ALWAYS
    certain: bool = False

    def match(self, service: Match | None) -> Match:
        """``service``: of the rule, None for application-default."""
        asked = both(self.where, self.standard if service is None else service)
        if self.certain:
            return asked
        why = f"application {self.name} is identified only when data has passed; a connection may open all the same"
        key = f"application {self.name}"
        if self.standard is ALWAYS and self.name not in _NOT_IDENTIFIED:
            return both(asked, Unknown(key, why))
        mine = asks.either(()) if self.name in _NOT_IDENTIFIED else self.standard
        well_known = _ports(_WELL_KNOWN)
        its = Unknown(key, why, APPLICATIONS_IDENTIFIED)
        if service is None and mine is self.standard:
            return both(asked, its)
        others = Unknown(f"{key}, on a port of another", why, APPLICATIONS_IDENTIFIED, False)
        return asks.either(
            (
                both(asked, mine, its),
                both(asked, well_known, Not(mine), others),
                both(asked, Not(mine), Not(well_known), Unknown(f"{key}, on no standard port", why)),
            )
        )


def any_application(service: Match | None) -> Match:
    """Of a rule for any application: with application-default, on the standard ports of what it turns out to be."""
    if service is not None:
        return service
    why = (
        "application-default: whether the ports are standard ones is known when the application is identified"
    )
    well_known = _ports(_WELL_KNOWN)
    asked = Unknown("application-default", why, APPLICATIONS_IDENTIFIED)
    elsewhere = Unknown("application-default, on no standard port", why)
    return asks.either(
        (
            Not(_WITH_PORTS),
            both(_WITH_PORTS, well_known, asked),
            both(_WITH_PORTS, Not(well_known), elsewhere),
        )
    )


class Applications:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def match(self, names: list[str], service: Match | None) -> Match:
        """What a rule for these applications and this service asks for."""
        if "any" in names:
            return any_application(service)
        return asks.either(one.match(service) for name in names for one in self._named(name, ()))

    def of_one(self, application: str, names: list[str], service: Match | None) -> Match:
        """What a rule asks for of connections that are of ``application`` from their first packet."""
        asked = self._standard(application) if service is None else service
        listed = True if "any" in names else self._lists(names, application, 0)
        if listed is None:
            why = f"whether application {application} is one of {' '.join(names)[:60]} is not known"
            return both(asked, Unknown(f"{application} of {' '.join(names)}", why))
        return asked if listed else NEVER

    def _lists(self, names: list[str], wanted: str, depth: int) -> bool | None:
        """Whether an application is named, or in a group; None where it may be in what is named."""
        answers: list[bool | None] = [self._is_of(name, wanted, depth) for name in names]
        return True if True in answers else None if None in answers else False

    def _is_of(self, name: str, wanted: str, depth: int) -> bool | None:
        if name == wanted:
            return True
        group = self._objects.find("application-group", name)
        if group is not None and depth <= _DEEPEST:
            return self._lists(group.values("members"), wanted, depth + 1)
        if self._objects.find("application-filter", name) is not None:
            return None
        if self._objects.find("application", wanted) is not None or self._objects.find("application", name):
            return False
        # Of those that PAN-OS has, one may be part of another, which begins as it does.
        known = name in _STANDARD and wanted in _STANDARD
        return False if known and not name.startswith(wanted) and not wanted.startswith(name) else None

    def _standard(self, name: str) -> Match:
        """The standard ports of an application; one that says nothing about them has all."""
        why = f"which ports are the standard ones of {name} is not known"
        custom = self._objects.find("application", name)
        if custom is None:
            ports = both(_BY_PORT, _ports(_STANDARD[name].split())) if name in _STANDARD else ALWAYS
            return both(ports, Unknown(why, why))
        if not custom.has("default"):
            return ALWAYS
        try:
            if custom.values("default") == ["port"]:
                return _ports(custom.values("default", "port"))
        except NotUnderstoodError:
            pass
        return Unknown(why, why)

    def _named(self, name: str, within: tuple[str, ...]) -> list[Application]:
        custom = self._objects.find("application", name)
        if custom is not None:
            return [_custom(name, custom)]
        group = self._objects.find("application-group", name)
        if group is not None:
            if name in within or len(within) > _DEEPEST or not group.values("members"):
                return [Application(name)]
            return [one for member in group.values("members") for one in self._named(member, (*within, name))]
        if name in _BY_PROTOCOL:
            return [Application(name, protocol(_BY_PROTOCOL[name]), certain=True)]
        if name in _BY_ICMP_TYPE:
            family, kind = _BY_ICMP_TYPE[name]
            return [Application(name, asks.icmp(kind, None, family), certain=True)]
        if name in _STANDARD:
            return [Application(name, _BY_PORT, _ports(_STANDARD[name].split()))]
        if name in _NOT_IDENTIFIED:
            return [Application(name, _NOT_IDENTIFIED[name])]
        return [Application(name, ALWAYS if _IN_ICMP.search(name) else Not(protocol(1, 58)))]


def _ports(listed: list[str]) -> Match:
    """``tcp/80,443``, ``udp/dynamic``."""
    found = []
    for said in listed:
        kind, slash, numbers = said.partition("/")
        if kind not in ("tcp", "udp", "sctp") or not slash:
            raise NotUnderstoodError(f"{said!r} is no port of an application")
        of_kind = protocol({"tcp": 6, "udp": 17, "sctp": 132}[kind])
        anywhere = "dynamic" in numbers.split(",")
        found.append(of_kind if anywhere else both(of_kind, asks.ports("dst_port", *port_ranges(numbers))))
    return asks.either(found)


def _custom(name: str, node: Node) -> Application:
    """An application that the configuration defines. One with a signature, or a parent, is identified by data."""
    by_data = (
        node.has("signature") or node.has("parent-app") or any(key not in _OF_CUSTOM for key in node.children)
    )
    default = node.at("default")
    try:
        if len(default.children) != 1:
            return Application(name)
        ((kind, said),) = default.children.items()
        if kind == "ident-by-ip-protocol":
            where: Match = protocol(number(default.value(kind), 255))
        elif kind in ("ident-by-icmp-type", "ident-by-icmp6-type"):
            where = _icmp(said, 4 if kind == "ident-by-icmp-type" else 6)
        elif kind == "port":
            return Application(name, ALWAYS, _ports(default.values("port")))
        else:
            return Application(name)
    except NotUnderstoodError:
        return Application(name)
    return Application(name, where, certain=not by_data)


def _icmp(node: Node, family: int) -> Match:
    """``type`` and ``code``; in old versions the type alone."""
    kind = node.value("type") if node.has("type") else next(iter(node.children), "")
    code = node.value("code") if node.has("code") else ""
    return asks.icmp(number(kind, 255), number(code, 255) if code else None, family)
