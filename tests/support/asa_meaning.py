# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists of Cisco ASA that are made by chance, each with what it means: one packet after the other, entry by entry.

Nothing here uses the engine. Addresses and ports come from small ranges, so that packets meet entries often.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TCP, UDP, ICMP, GRE = 6, 17, 1, 47
PORTS = 12
Packet = dict[str, int]
Asked = Callable[[Packet], bool]
Holds = Callable[[int], bool]
_MASKS = ("255.255.255.252", "255.255.255.0", "255.255.0.7")


def number(address: str) -> int:
    found = 0
    for part in address.split("."):
        found = found * 256 + int(part)
    return found


def dotted(value: int) -> str:
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _any_of(tests: list[Callable[[Any], bool]]) -> Callable[[Any], bool]:
    return lambda value: any(test(value) for test in tests)


def _all_of(tests: list[Asked]) -> Asked:
    return lambda packet: all(test(packet) for test in tests)


@dataclass(frozen=True)
class Entry:
    action: str
    asked: Asked


class Drawn:
    """A configuration with the list ``L``, and its meaning."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._blocks: list[str] = []
        self._networks: dict[str, Holds] = {}
        self._services: dict[str, Asked] = {}
        self._ports: dict[str, Holds] = {}
        for at in range(5):
            self._network_object(at)
        for at in range(5):
            self._network_group(at)
        for at in range(3):
            text, asked = self._service()
            self._define(f"object service s{at}", [f"service {text}"])
            self._services[f"object s{at}"] = asked
        for at in range(3):
            self._service_group(at)
        for at in range(2):
            self._port_group(at)
        self._draw.shuffle(self._blocks)  # names may be used before they are defined
        listed = [self._entry() for _entry in range(12)]
        lines = [f"access-list L extended {entry.action} {text}" for text, entry in listed]
        self.text = "\n".join([*self._blocks, *lines, ""])
        self._entries = [entry for _text, entry in listed]

    def packet(self) -> Packet:
        draw = self._draw
        return {
            "src": self._address(), "dst": self._address(), "protocol": draw.choice((TCP, UDP, ICMP, GRE)),
            "src_port": draw.randrange(PORTS + 1), "dst_port": draw.randrange(PORTS + 1),
            "icmp_type": draw.choice((0, 8)),
        }  # fmt: skip

    def verdict(self, packet: Packet) -> str:
        return next((entry.action for entry in self._entries if entry.asked(packet)), "deny")

    def _address(self) -> int:
        return number(f"10.0.{self._draw.randrange(4)}.{self._draw.randrange(8)}")

    def _define(self, head: str, lines: list[str]) -> None:
        self._blocks.append("\n".join([head, *(f" {line}" for line in lines)]))

    def _network_object(self, at: int) -> None:
        first, second = sorted((self._address(), self._address()))
        mask = self._draw.choice(_MASKS)
        bits = number(mask)
        kinds: list[tuple[str, Holds]] = [
            (f"host {dotted(first)}", lambda value: value == first),
            (f"subnet {dotted(first & bits)} {mask}", lambda value: value & bits == first & bits),
            (f"range {dotted(first)} {dotted(second)}", lambda value: first <= value <= second),
        ]
        text, self._networks[f"object o{at}"] = self._draw.choice(kinds)
        self._define(f"object network o{at}", [text])

    def _network_group(self, at: int) -> None:
        lines: list[str] = []
        tests: list[Holds] = []
        for _member in range(self._draw.randrange(4)):
            own = self._address()
            inner = f"g{self._draw.randrange(at)}" if at else ""
            name = f"object o{self._draw.randrange(5)}"
            kinds: list[tuple[str, Holds]] = [
                (f"network-object {name}", self._networks[name]),
                (f"network-object host {dotted(own)}", lambda value, own=own: value == own),
            ]
            if inner:
                kinds.append((f"group-object {inner}", self._networks[f"object-group {inner}"]))
            text, test = self._draw.choice(kinds)
            lines.append(text)
            tests.append(test)
        self._define(f"object-group network g{at}", lines)
        self._networks[f"object-group g{at}"] = _any_of(tests)

    def _range(self) -> tuple[str, Holds]:
        low = self._draw.randrange(1, PORTS)
        high = self._draw.randrange(low, PORTS)
        return self._draw.choice(
            [
                (f"eq {low}", lambda port: port == low),
                (f"neq {low}", lambda port: port != low),
                (f"lt {low}", lambda port: port < low),
                (f"gt {low}", lambda port: port > low),
                (f"range {low} {high}", lambda port: low <= port <= high),
            ]
        )

    def _service(self) -> tuple[str, Asked]:
        text, protocols = self._draw.choice((("tcp", (TCP,)), ("udp", (UDP,)), ("tcp-udp", (TCP, UDP))))
        tests: list[Asked] = [lambda packet: packet["protocol"] in protocols]
        if self._draw.random() < 0.3:
            said, source = self._range()
            text += f" source {said}"
            tests.append(lambda packet: source(packet["src_port"]))
        if self._draw.random() < 0.7:
            said, destination = self._range()
            text += f"{self._draw.choice((' destination', ''))} {said}"
            tests.append(lambda packet: destination(packet["dst_port"]))
        return text, _all_of(tests)

    def _service_group(self, at: int) -> None:
        lines: list[str] = []
        tests: list[Asked] = []
        for _member in range(self._draw.randrange(4)):
            text, asked = self._service()
            name = f"object s{self._draw.randrange(3)}"
            kinds: list[tuple[str, Asked]] = [
                (f"service-object {text}", asked),
                (f"service-object {name}", self._services[name]),
                ("service-object icmp echo", _echo),
            ]
            if at:
                inner = f"S{self._draw.randrange(at)}"
                kinds.append((f"group-object {inner}", self._services[f"object-group {inner}"]))
            said, test = self._draw.choice(kinds)
            lines.append(said)
            tests.append(test)
        self._define(f"object-group service S{at}", lines)
        self._services[f"object-group S{at}"] = _any_of(tests)

    def _port_group(self, at: int) -> None:
        drawn = [self._range() for _member in range(self._draw.randrange(4))]
        found = [one for one in drawn if one[0].startswith(("eq", "range"))]
        self._define(f"object-group service P{at} tcp-udp", [f"port-object {text}" for text, _test in found])
        self._ports[f"object-group P{at}"] = _any_of([test for _text, test in found])

    def _end(self, field: str) -> tuple[str, Asked]:
        own = self._address()
        kinds: list[tuple[str, Holds]] = [
            ("any", lambda _value: True),
            (f"host {dotted(own)}", lambda value: value == own),
            (f"{dotted(own)} 255.255.255.248", lambda value: value & ~7 == own & ~7),
            self._draw.choice(sorted(self._networks.items())),
            self._draw.choice(sorted(self._networks.items())),
        ]
        text, test = self._draw.choice(kinds)
        return text, lambda packet: test(packet[field])

    def _of_port(self, field: str, share: float) -> tuple[str, list[Asked]]:
        if self._draw.random() > share:
            return "", []
        text, test = self._draw.choice([self._range(), self._draw.choice(sorted(self._ports.items()))])
        return f" {text}", [lambda packet: test(packet[field])]

    def _entry(self) -> tuple[str, Entry]:
        (src, from_there), (dst, to_there) = self._end("src"), self._end("dst")
        tests: list[Asked] = [from_there, to_there]
        kind = self._draw.randrange(4)
        if kind < 2:
            name, asked = self._draw.choice(sorted(self._services.items()))
            text = f"{name} {src} {dst}"
            tests.append(asked)
        elif kind == 2:
            word, protocol = self._draw.choice((("tcp", TCP), ("udp", UDP)))
            (source, more), (destination, others) = (
                self._of_port("src_port", 0.3),
                self._of_port("dst_port", 0.6),
            )
            text = f"{word} {src}{source} {dst}{destination}"
            tests += [lambda packet: packet["protocol"] == protocol, *more, *others]
        else:
            word, said, asked = self._draw.choice(
                (("ip", "", lambda _packet: True), ("icmp", " echo", _echo), ("icmp", "", _icmp))
            )
            text = f"{word} {src} {dst}{said}"
            tests.append(asked)
        if self._draw.random() < 0.1:
            text += " inactive"
            tests.append(lambda _packet: False)
        return text, Entry(self._draw.choice(("permit", "deny")), _all_of(tests))


def _icmp(packet: Packet) -> bool:
    return packet["protocol"] == ICMP


def _echo(packet: Packet) -> bool:
    return _icmp(packet) and packet["icmp_type"] == 8
