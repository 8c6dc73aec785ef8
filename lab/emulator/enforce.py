# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.emulator.enforce CONFIGURATION LINUX=IOS...``: the access lists of an IOS configuration, in nft.

For a lab in which an emulated router stands on the path: packets are forwarded by Linux, and refused where the
router's lists refuse them. It runs in the router's network namespace, and ends when that is loaded. Of the lists'
language it knows what the lab uses, and refuses the rest; its reading has nothing to do with the one that is tested.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path

# A list that permits leaves the packet to the next one: what comes in by one interface goes out by another.
_ANSWERS = {"permit": "return", "deny": "reject with icmp admin-prohibited"}


def script(configuration: str, names: Mapping[str, str]) -> str:
    """The nft script of a configuration; ``names``: Linux' name of each of the router's interfaces. ValueError for a
    line of a list that is not known here."""
    lists: dict[str, list[str]] = {}
    bound: list[str] = []
    block: list[str] = []
    for line in configuration.splitlines():
        words = line.split()
        if not words or words[0] == "!":
            continue
        if not line.startswith(" "):
            block = words
            if words[:3] == ["ip", "access-list", "extended"]:
                lists[words[3]] = []
        elif block[:3] == ["ip", "access-list", "extended"]:
            if "remark" not in words[:2]:
                lists[block[3]].append(_rule(words))
        elif block[0] == "interface" and words[:2] == ["ip", "access-group"]:
            side = {"in": "iifname", "out": "oifname"}[words[3]]
            bound.append(f'{side} "{names[block[1]]}" jump {_chain(words[2])}')
    chains = "".join(_block(_chain(name), [*rules, _ANSWERS["deny"]]) for name, rules in lists.items())
    known = [rule for rule in bound if rule.split()[-1] in {_chain(name) for name in lists}]
    head = ["type filter hook forward priority 0; policy accept;", "meta nfproto ipv6 accept", *known]
    # Replaced as a whole: the first line makes the table, so that it can be deleted.
    return f"table inet ios {{}}\ndelete table inet ios\ntable inet ios {{\n{chains}{_block('forward', head)}}}\n"


def _chain(name: str) -> str:
    return "list_" + "".join(character if character.isalnum() else "_" for character in name)


def _block(name: str, lines: list[str]) -> str:
    return f"  chain {name} {{\n" + "".join(f"    {line}\n" for line in lines) + "  }\n"


def _rule(words: list[str]) -> str:
    left = iter(words[1:] if words[0].isdecimal() else words)
    verdict, protocol = _ANSWERS[next(left)], next(left)
    asked = [] if protocol == "ip" else [f"meta l4proto {protocol}"]
    rest = list(left)
    for end in ("saddr", "daddr"):
        asked += _address(rest, end)
        asked += _ports(rest, protocol, "sport" if end == "saddr" else "dport")
    for word in rest:
        if word == "established":
            asked.append("tcp flags & (ack | rst) != 0")
        elif word != "log":
            raise ValueError(f"{word!r} in {' '.join(words)!r} is not known here")
    return " ".join([*asked, verdict])


def _address(rest: list[str], end: str) -> Iterator[str]:
    first = rest.pop(0)
    if first == "any":
        return
    if first == "host":
        yield f"ip {end} {rest.pop(0)}"
        return
    mask = 0xFFFFFFFF ^ int(IPv4Address(rest.pop(0)))
    yield f"ip {end} & {IPv4Address(mask)} == {IPv4Address(int(IPv4Address(first)) & mask)}"


def _ports(rest: list[str], protocol: str, end: str) -> Iterator[str]:
    if rest[:1] == ["eq"]:
        yield f"{protocol} {end} {rest[1]}"
        del rest[:2]
    elif rest[:1] == ["range"]:
        yield f"{protocol} {end} {rest[1]}-{rest[2]}"
        del rest[:3]


def main() -> None:
    names = {ios: linux for linux, _equals, ios in (word.partition("=") for word in sys.argv[2:])}
    rules = script(Path(sys.argv[1]).read_text(encoding="utf-8"), names)
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


if __name__ == "__main__":
    main()
