# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and service groups of FortiOS.

Sources: Fortinet, "FortiOS CLI Reference", "config firewall service custom" (``tcp-portrange`` is a list of
``destination[:source]`` ranges, without a source any) and "config firewall service group"; the services and groups
that a device is delivered with, as its own ``show full-configuration firewall service custom`` prints them (FortiOS
7.x). A configuration that defines a service of the same name stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...model.match import ALWAYS, Match, both, protocol
from . import asks
from .fortios_tree import Block
from .found import Found
from .numbers import number, ports
from .words import NotUnderstoodError

_PORTS = {"tcp-portrange": 6, "udp-portrange": 17, "sctp-portrange": 132, "udplite-portrange": 136}
_PORT_PROTOCOLS = ("TCP/UDP/SCTP", "TCP/UDP/UDP-Lite/SCTP", "TCP/UDP")
_ICMP = {"ICMP": asks.ICMP, "ICMP6": asks.ICMPV6}
_NO_MATTER = frozenset(
    (
        "app-service-type", "category", "check-reset-range", "color", "comment", "fabric-object", "global-object",
        "helper", "protocol", "proxy", "session-ttl", "tcp-halfclose-timer", "tcp-halfopen-timer", "tcp-rst-timer",
        "tcp-timewait-timer", "udp-idle-timer", "uuid", "visibility",
    )
)  # fmt: skip
# Keys that narrow a service, unless they have this value.
_HARMLESS = {"proxy": "disable", "app-service-type": "disable", "fqdn": "", "iprange": "0.0.0.0"}  # noqa: S104 (the default of a range)


def _ip(number: int) -> Mapping[str, str]:
    return {"protocol": "IP", "protocol-number": str(number)}


def _icmp(kind: int, name: str = "ICMP") -> Mapping[str, str]:
    return {"protocol": name, "icmptype": str(kind)}


def _tcp(ports: str, udp: str = "") -> Mapping[str, str]:
    found = {"tcp-portrange": ports} if ports else {}
    return {**found, "udp-portrange": udp} if udp else found


PREDEFINED: dict[str, Mapping[str, str]] = {
    "AFS3": _tcp("7000-7009", "7000-7009"),
    "AH": _ip(51),
    "ALL": {"protocol": "IP"},
    "ALL_ICMP": {"protocol": "ICMP"},
    "ALL_ICMP6": {"protocol": "ICMP6"},
    "ALL_TCP": _tcp("1-65535"),
    "ALL_UDP": _tcp("", "1-65535"),
    "ANY": {"protocol": "IP"},  # the name of ALL before FortiOS 5
    "AOL": _tcp("5190-5194"),
    "BGP": _tcp("179"),
    "CVSPSERVER": _tcp("2401", "2401"),
    "DCE-RPC": _tcp("135", "135"),
    "DHCP": _tcp("", "67-68"),
    "DHCP6": _tcp("", "546 547"),
    "DNS": _tcp("53", "53"),
    "ESP": _ip(50),
    "FINGER": _tcp("79"),
    "FTP": _tcp("21"),
    "FTP_GET": _tcp("21"),
    "FTP_PUT": _tcp("21"),
    "GOPHER": _tcp("70"),
    "GRE": _ip(47),
    "H323": _tcp("1720 1503", "1719"),
    "HTTP": _tcp("80"),
    "HTTPS": _tcp("443"),
    "IKE": _tcp("", "500 4500"),
    "IMAP": _tcp("143"),
    "IMAPS": _tcp("993"),
    "INFO_ADDRESS": _icmp(17),
    "INFO_REQUEST": _icmp(15),
    "IRC": _tcp("6660-6669"),
    "Internet-Locator-Service": _tcp("389"),
    "KERBEROS": _tcp("88 464", "88 464"),
    "L2TP": _tcp("1701", "1701"),
    "LDAP": _tcp("389"),
    "LDAP_UDP": _tcp("", "389"),
    "MGCP": _tcp("", "2427 2727"),
    "MMS": _tcp("1755", "1024-5000"),
    "MS-SQL": _tcp("1433 1434"),
    "MYSQL": _tcp("3306"),
    "NFS": _tcp("111 2049", "111 2049"),
    "NNTP": _tcp("119"),
    "NONE": _tcp("0"),
    "NTP": _tcp("123", "123"),
    "NetMeeting": _tcp("1720"),
    "ONC-RPC": _tcp("111", "111"),
    "OSPF": _ip(89),
    "PC-Anywhere": _tcp("5631", "5632"),
    "PING": _icmp(8),
    "PING6": _icmp(128, "ICMP6"),
    "POP3": _tcp("110"),
    "POP3S": _tcp("995"),
    "PPTP": _tcp("1723"),
    "QUAKE": _tcp("", "26000 27000 27910 27960"),
    "RADIUS": _tcp("", "1812 1813"),
    "RADIUS-OLD": _tcp("", "1645 1646"),
    "RAUDIO": _tcp("", "7070"),
    "RDP": _tcp("3389"),
    "REXEC": _tcp("512"),
    "RIP": _tcp("", "520"),
    "RLOGIN": _tcp("513:512-1023"),
    "RSH": _tcp("514:512-1023"),
    "RTSP": _tcp("554 7070 8554", "554"),
    "SAMBA": _tcp("139"),
    "SCCP": _tcp("2000"),
    "SIP": _tcp("5060", "5060"),
    "SIP-MSNmessenger": _tcp("1863"),
    "SMB": _tcp("445"),
    "SMTP": _tcp("25"),
    "SMTPS": _tcp("465"),
    "SNMP": _tcp("161-162", "161-162"),
    "SOCKS": _tcp("1080", "1080"),
    "SQUID": _tcp("3128"),
    "SSH": _tcp("22"),
    "SYSLOG": _tcp("", "514"),
    "TALK": _tcp("", "517-518"),
    "TELNET": _tcp("23"),
    "TFTP": _tcp("", "69"),
    "TIMESTAMP": _icmp(13),
    "TRACEROUTE": _tcp("", "33434-33535"),
    "UUCP": _tcp("540"),
    "VDOLIVE": _tcp("7000-7010"),
    "VNC": _tcp("5900"),
    "WAIS": _tcp("210"),
    "WINFRAME": _tcp("1494 2598"),
    "WINS": _tcp("1512", "1512"),
    "X-WINDOWS": _tcp("6000-6063"),
}
PREDEFINED_GROUPS: dict[str, tuple[str, ...]] = {
    "Email Access": ("DNS", "IMAP", "IMAPS", "POP3", "POP3S", "SMTP", "SMTPS"),
    "Exchange Server": ("DCE-RPC", "DNS", "HTTPS"),
    "Web Access": ("DNS", "HTTP", "HTTPS"),
    "Windows AD": ("DCE-RPC", "DNS", "KERBEROS", "LDAP", "LDAP_UDP", "SAMBA", "SMB"),
}


class Services:
    """By name, as matches of protocols and ports. What can't be decided is an ``Unknown``."""

    def __init__(self, config: Block) -> None:
        self._custom = config.table("firewall service custom")
        self._groups = config.table("firewall service group")
        self._found = Found()

    def match(self, name: str) -> Match:
        return self._found.match("", f"service {name}", lambda: self._read(name))

    def _read(self, name: str) -> Match:
        if name in self._custom:
            return service(self._custom[name])
        if name in self._groups:
            return self._group(self._groups[name])
        if name in PREDEFINED_GROUPS:
            return asks.either(self.match(member) for member in PREDEFINED_GROUPS[name])
        if name in PREDEFINED:
            settings = {key: said.split() for key, said in PREDEFINED[name].items()}
            return service(Block(name, 0, settings))
        raise NotUnderstoodError("it is not defined")

    def _group(self, block: Block) -> Match:
        _only(
            block,
            frozenset(("member", "color", "comment", "fabric-object", "global-object", "proxy", "uuid")),
        )
        if block.value("proxy", "disable") != "disable":
            raise NotUnderstoodError("it is one of the explicit proxy")
        members = block.settings.get("member", [])
        if not members:
            raise NotUnderstoodError("a group without members")
        return asks.either(self.match(member) for member in members)


def _only(block: Block, known: frozenset[str]) -> None:
    unknown = [key for key, words in block.settings.items() if key not in known and words != [""]]
    if unknown or block.blocks or block.unread:
        told = [f"set {key}" for key in unknown] or block.unread or [f"config {key}" for key in block.blocks]
        raise NotUnderstoodError(f"{told[0]!r} is not understood")


def service(block: Block) -> Match:
    """What one service asks for. NotUnderstoodError for what it has beyond protocols and ports."""
    kind = block.value("protocol", _PORT_PROTOCOLS[0])
    wanted = set(_PORTS) if kind in _PORT_PROTOCOLS else {"icmptype", "icmpcode"} if kind in _ICMP else set()
    wanted |= {"protocol-number"} if kind == "IP" else set()
    _only(block, _NO_MATTER | _HARMLESS.keys() | set(_PORTS) | {"icmptype", "icmpcode", "protocol-number"})
    for key, plain in _HARMLESS.items():
        if key in block.settings and block.value(key) != plain:
            raise NotUnderstoodError(f"'set {key} {block.value(key)}' is not modelled")
    if kind in _PORT_PROTOCOLS:
        return _ports(block)
    given = list(block.settings)
    if any(given.index(key) < given.index("protocol") for key in wanted & block.settings.keys()):
        raise NotUnderstoodError("the protocol is set after what belongs to it")
    if kind in _ICMP:
        kinds, codes = _number(block, "icmptype"), _number(block, "icmpcode")
        if kinds is ALWAYS and codes is not ALWAYS:
            raise NotUnderstoodError("a code of ICMP without a type")
        return both(_ICMP[kind], kinds, codes)
    if kind == "IP":
        asked = number(block.value("protocol-number", "0"), 255)
        return protocol(asked) if asked else ALWAYS
    raise NotUnderstoodError(f"protocol {kind!r} is not modelled")


def _number(block: Block, key: str) -> Match:
    if key not in block.settings:
        return ALWAYS
    said = number(block.value(key), 255)
    return asks.ports({"icmptype": "icmp_type", "icmpcode": "icmp_code"}[key], (said, said))


def _ports(block: Block) -> Match:
    found: list[Match] = []
    for key, of in _PORTS.items():
        plain: list[tuple[int, int]] = []
        given = block.settings.get(key)
        if given is not None and not given:
            raise NotUnderstoodError(f"set {key} has no value")
        for said in given or ():
            to, colon, by = said.partition(":")
            if colon and by not in ("0-65535", "1-65535"):
                found.append(
                    both(protocol(of), asks.ports("dst_port", ports(to)), asks.ports("src_port", ports(by)))
                )
            else:
                plain.append(ports(to))
        if plain:
            found.append(both(protocol(of), asks.ports("dst_port", *plain)))
    if not found:
        raise NotUnderstoodError("it has no ports, which a device does not accept")
    return asks.either(found)
