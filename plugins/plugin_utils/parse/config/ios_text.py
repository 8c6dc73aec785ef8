# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a Cisco IOS device as lines: saved, shown, or typed without indentation.

Sources: Cisco IOS Configuration Fundamentals Command Reference, "show running-config" (begins with ``Current
configuration``, ends with ``end``); Security Command Reference, "show access-lists", "show ip access-list", "show ipv6
access-list" (what they print of each list).
"""

from __future__ import annotations

import re

from . import modes
from .blocks import Line, tree

_HEADER = re.compile(
    r"^[ \t]*(?:Current configuration ?:|Using \d+(?: out of \d+)? bytes|Building configuration\.\.\.)",
    re.MULTILINE,
)
# A whole configuration says first which release wrote it, also where the header was taken away.
_VERSION = re.compile(r"^version \d", re.MULTILINE)
# Lines that a terminal may show behind the end.
_BEHIND = 5
_PAGED = re.compile(r" ?--More-- ?[\x08 ]*")
# What only leaves a mode; which one that is, the next line says.
_EXIT = re.compile(r"^[ \t]*exit[ \t]*$", re.MULTILINE)
# A prompt, behind which the terminal shows what was typed.
_TYPED = re.compile(r"^[\w.()/:-]{1,80}[#>](?: ?[a-z].*)?$", re.MULTILINE)
_SHOWN = re.compile(
    r"^\s*(?P<kind>Standard IP|Extended IP|IPv6|Reflexive IP|Reflexive IPv6|[\w ]*(?:MAC|IPX|ARP|Role-based IP))"
    r" access list (?P<name>\S+)"
)
_OPENING = {
    "Standard IP": "ip access-list standard",
    "Extended IP": "ip access-list extended",
    "IPv6": "ipv6 access-list",
}
# What show commands print into an entry, as no configuration does.
_COUNTED = re.compile(
    r" \(\d+ (?:estimate )?match(?:es)?\)| \(time left \d+\)| \(Compiled\)|,(?= wildcard bits )"
)

_ENTRY = ("permit", "deny", "remark", "evaluate", "dynamic", "sequence")
_SERVICES = ("tcp", "udp", "tcp-udp", "icmp", "protocol-object")
_PORTS = ("eq", "gt", "lt", "neq")
_ACTIONS = ("class", "inspect", "pass", "drop", "police", "service-policy", "description")
# What belongs to the line that opened a mode, by its first words; other lines end the mode.
_BELONGS: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {
    ("ip", "access-list"): tuple((word,) for word in _ENTRY),
    ("ipv6", "access-list"): tuple((word,) for word in _ENTRY),
    ("object-group",): tuple(
        (word,)
        for word in ("host", "range", "any", "group-object", "description", *_SERVICES, *_PORTS)
    ),
    ("interface",): (
        ("ip", "address"), ("ip", "access-group"), ("ipv6", "address"), ("ipv6", "traffic-filter"), ("shutdown",),
        ("description",), ("zone-member",), ("vrf", "forwarding"), ("ip", "vrf"), ("ip", "nat", "inside"),
        ("ip", "nat", "outside"), ("ip", "nat", "enable"), ("ip", "verify"), ("ip", "policy"), ("ip", "inspect"),
        ("encapsulation",), ("service-policy",), ("switchport",), ("duplex",), ("speed",), ("negotiation",), ("mtu",),
        ("ip", "mtu"), ("ip", "tcp"), ("ip", "unreachables"), ("ip", "redirects"), ("ip", "proxy-arp"),
        ("bandwidth",), ("tunnel",), ("standby",), ("crypto", "map"), ("keepalive",), ("load-interval",),
    ),
    ("vlan", "access-map"): (("match",), ("action",)),
    ("class-map",): (("match",), ("description",)),
    ("policy-map",): tuple((word,) for word in _ACTIONS),
    ("zone-pair",): (("service-policy",), ("description",)),
    ("line",): (("access-class",), ("ipv6", "access-class"), ("transport",), ("login",), ("exec-timeout",)),
}  # fmt: skip


def problem(text: str) -> str:
    """Why the text is no whole answer of a device; empty if nothing says so."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    refused = next((line for line in lines[:5] if line.startswith("%") and not line.startswith("%%")), "")
    if refused and len(lines) < 10:
        return f"the device answered: {refused[:200]}"
    if (_HEADER.search(text) or _VERSION.search(text)) and "end" not in lines[-_BEHIND:]:
        return "the configuration is cut short: its last line is not 'end'"
    return ""


def lines_of(text: str) -> list[Line]:
    """The lines with those that belong to them."""
    if "--More--" in text:
        text = _PAGED.sub("", text)
    text = _EXIT.sub("", _TYPED.sub("", text))
    if " access list " in text:
        text = "\n".join(_as_configured(line) for line in text.splitlines())
    return _classes(modes.gathered(tree(text), mode))


def _as_configured(line: str) -> str:
    """A line of ``show access-lists`` as the configuration has it."""
    title = _SHOWN.match(line)
    if title is not None:
        opening = _OPENING.get(title["kind"], f"shown {title['kind']} list")
        return f"{opening} {title['name']}"
    if not line.startswith(" "):
        return line
    return _COUNTED.sub("", line).replace(" wildcard bits ", " ")


def mode(words: list[str]) -> modes.Belongs | None:
    for opening, inside in _BELONGS.items():
        if tuple(words[: len(opening)]) == opening and len(words) > len(opening):
            numbers = opening[-1] in ("access-list", "object-group")
            return lambda inner: _belongs(inner, inside, numbers)
    return None


def _belongs(words: list[str], inside: tuple[tuple[str, ...], ...], numbers: bool) -> bool:
    if words[0] in ("no", "default") and len(words) > 1:
        words = words[1:]
    if numbers and (words[0][:1].isdigit() or words == ["ip"]):
        return True
    # ``ip nat inside source`` and ``crypto map X 10`` are no lines of an interface.
    if words[:2] in (["ip", "nat"], ["crypto", "map"]) and len(words) > 3:
        return False
    return any(tuple(words[: len(one)]) == one for one in inside)


def _classes(lines: list[Line]) -> list[Line]:
    """In policy maps, what is done with a class belongs to the line of the class."""
    for line in lines:
        if line.words[0] != "policy-map":
            continue
        flat, line.children = line.children, []
        for inner in flat:
            if inner.words[0] == "class" or not line.children or inner.words[0] == "description":
                line.children.append(inner)
            else:
                line.children[-1].children += [inner, *inner.children]
    return lines
