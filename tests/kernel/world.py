# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three network namespaces: packets come from the left, a firewall in the middle, and a listener on the right.

Nothing else is in them: no address of the machine, no way out. They vanish with their processes.

    left:in0 --- fw:in0   10.0.0.0/22, fd00:0::/64 (sources)
    left:in1 --- fw:in1
    right:out0 - fw:out0  10.1.0.0/23, fd00:1::/65 (destinations behind it)
    right:out1 - fw:out1  10.1.2.0/23, fd00:1:0:0:8000::/65
    fw itself             10.2.0.0/22, fd00:2::/64
"""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.kernel.packets import answer, frame, tagged

AGENT = Path(__file__).with_name("agent.py")
# Seconds: veth delivers at once, this only lets the receiving side run.
_SETTLE, _SETTLE_EACH = 0.06, 0.0003
_MAC = {"left": "02:00:00:00:01:{:02x}", "fw": "02:00:00:00:02:{:02x}", "right": "02:00:00:00:03:{:02x}"}
LINKS = (("in0", "left"), ("in1", "left"), ("out0", "right"), ("out1", "right"))
_LINK = {link: (number, side) for number, (link, side) in enumerate(LINKS)}
_BEHIND = {
    "left": tuple(map(ipaddress.ip_network, ("10.0.0.0/22", "fd00::/64"))),
    "right": tuple(map(ipaddress.ip_network, ("10.1.0.0/22", "fd00:1::/64"))),
}
_ACK = 0x10


@dataclass(frozen=True)
class Travel:
    """``passed``: whether the first packet arrived, the answers to it came back, and the next one arrived where the
    first did. ``translated``: whether the first arrived with other addresses or ports."""

    passed: tuple[bool, bool, bool]
    translated: bool


class Namespace:
    """An agent in a network namespace of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            ["unshare", "--net", sys.executable, str(AGENT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the agent of {self.name} ended")
        found: dict[str, Any] = json.loads(answer)
        return found

    def run(self, command: str, stdin: str = "", check: bool = True) -> dict[str, Any]:
        done = self.ask("run", argv=["sh", "-c", command], stdin=stdin)
        if check and done["rc"] != 0:
            raise RuntimeError(f"{self.name}: {command}: {done['stderr'] or done['stdout']}\n{stdin}")
        return done

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        if self.process.stdout is not None:
            self.process.stdout.close()


class World:
    """A context manager: the namespaces, wired."""

    def __init__(self) -> None:
        self.spaces = {name: Namespace(name) for name in ("fw", "left", "right")}
        self.fw, self.left, self.right = self.spaces["fw"], self.spaces["left"], self.spaces["right"]
        self._tag = 0

    def __enter__(self) -> World:
        for space in self.spaces.values():
            # Nothing but the packets of the tests: no router solicitations, no duplicate address detection.
            space.run(
                "for f in default all; do echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done; ip link set lo up"
            )
        for number, (link, side) in enumerate(LINKS):
            peer = self.spaces[side]
            self.fw.run(
                f"ip link add {link} address {_MAC['fw'].format(number)} type veth"
                f" peer name {link} address {_MAC[side].format(number)} netns {peer.process.pid}"
            )
            peer.run(f"ip link set {link} up")
            self.fw.run(
                f"ip link set {link} up; ip addr add 10.255.{number}.1/24 dev {link};"
                f" ip addr add fd00:ff:{number}::1/64 dev {link} nodad;"
                f" for a in 10.255.{number}.2 fd00:ff:{number}::2; do"
                f" ip neigh add $a dev {link} lladdr {_MAC[side].format(number)} nud permanent; done"
            )
        self.fw.run(
            "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0;"
            " for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done;"
            " ip route add 10.1.0.0/23 via 10.255.2.2; ip route add 10.1.2.0/23 via 10.255.3.2;"
            " ip -6 route add fd00:1::/65 via fd00:ff:2::2; ip -6 route add fd00:1:0:0:8000::/65 via fd00:ff:3::2;"
            " ip route add 10.0.0.0/22 via 10.255.0.2; ip -6 route add fd00:0:0:0::/64 via fd00:ff:0::2;"
            " ip route add local 10.2.0.0/22 dev lo; ip -6 route add local fd00:2::/64 dev lo"
        )
        self.right.ask("listen", interfaces=["out0", "out1"])
        self.fw.ask("listen", local=True)
        self.left.ask("listen", interfaces=["in0", "in1"])
        # What is under test are rules; TCP windows are conntrack's own matter. See ``travelled`` for the others.
        self.fw.run(
            "sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1 net.netfilter.nf_conntrack_checksum=0"
            " net.ipv6.icmp.echo_ignore_all=1"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for space in self.spaces.values():
            space.close()

    def clear(self) -> None:
        """No rules, no sets, no known connections."""
        self.fw.run(
            "nft flush ruleset; for t in iptables ip6tables; do for n in $(cat /proc/net/$(echo $t | sed"
            " s/tables/_tables/)_names 2>/dev/null); do $t-legacy -t $n -F; $t-legacy -t $n -X;"
            " for c in INPUT FORWARD OUTPUT; do $t-legacy -t $n -P $c ACCEPT 2>/dev/null; done; done; done;"
            # Rules that are gone let go of their sets a little later, lists of their members when they are flushed.
            " ipset flush 2>/dev/null;"
            " for n in 1 2 3 4 5 6 7 8 9; do ipset destroy 2>/dev/null && break; sleep 0.05; done;"
            " conntrack -F 2>/dev/null; true"
        )
        assert not self.fw.run("ipset list -n")["stdout"], "sets of the last ruleset are still there"

    def passed(self, hook: str, flows: list[dict[str, Any]]) -> list[bool]:
        """Which of these packets get through the firewall, by way of forward, input or output.

        They come by their ``in_interface``, or are the firewall's own; where they go is told by ``dst``."""
        for space in self.spaces.values():
            space.ask("heard")
        first = self._send(flows)
        sides = ["fw" if hook == "input" else _side_of(flow["dst"]) for flow in flows]
        heard = {side: set(self.spaces[side].ask("heard")["tags"]) for side in dict.fromkeys(sides)}
        return [first + index in heard[side] for index, side in enumerate(sides)]

    def travelled(self, flows: list[dict[str, Any]]) -> list[Travel]:
        """What becomes of first packets, of the answers to them as they arrived, and of what follows.

        Packets with an ``in_interface`` come by it, others are the firewall's own. Nothing here may be answered by
        the firewall itself: checksums are wrong on purpose, for which connection tracking does not look."""
        self._caught(())
        first = self._send(flows, broken=True)
        began = ["left" if "in_interface" in flow else "fw" for flow in flows]
        ends = [tuple(side for side in self.spaces if side != start) for start in began]
        arrived = self._caught([(first + index, sides) for index, sides in enumerate(ends)])
        asked, answers = [], []
        for index in range(len(flows)):
            if first + index in arrived:
                side, link, packet = arrived[first + index]
                asked.append(index)
                answers.append({**answer(packet), **({} if side == "fw" else {"in_interface": link})})
        second = self._send(answers, broken=True)
        back = self._caught([(second + at, (began[index],)) for at, index in enumerate(asked)])
        third = self._send([{**flow, "tcp_flags": _ACK} for flow in flows], broken=True)
        again = self._caught([(third + index, sides) for index, sides in enumerate(ends)])
        # A server sends more than its SYN ACK, and a stranger's lone ACK is another matter to the kernel.
        fourth = self._send([{**one, "tcp_flags": _ACK} for one in answers], broken=True)
        back |= self._caught([(fourth + at, (began[index],)) for at, index in enumerate(asked)])
        answered = {
            index
            for at, index in enumerate(asked)
            if _ends(back.get(second + at)) == _ends(back.get(fourth + at)) == _ends_of(flows[index])
        }
        found = []
        for index, flow in enumerate(flows):
            there = _ends(arrived.get(first + index))
            passed = (
                bool(there),
                index in answered,
                bool(there) and _ends(again.get(third + index)) == there,
            )
            found.append(Travel(passed, bool(there) and there != _ends_of(turned(flow))))
        return found

    def _send(self, flows: list[dict[str, Any]], broken: bool = False) -> int:
        """Send a packet of each flow; the first one's tag, the others' follow."""
        first = self._tag
        self._tag += len(flows)
        packets = []
        by_side: dict[str, list[list[str]]] = {"left": [], "right": []}
        for index, flow in enumerate(flows):
            packet = tagged(flow, first + index, broken)
            link = flow.get("in_interface")
            if link is None:
                packets.append(packet.hex())
                continue
            number, side = _LINK[link]
            source, target = _MAC[side].format(number), _MAC["fw"].format(number)
            by_side[side].append([link, frame(source, target, packet).hex()])
        if packets:
            self.fw.ask("emit", packets=packets)
        for side, frames in by_side.items():
            if frames:
                self.spaces[side].ask("send", frames=frames)
        time.sleep(_SETTLE + _SETTLE_EACH * len(flows))
        return first

    def _caught(self, wanted: Iterable[tuple[int, tuple[str, ...]]]) -> dict[int, tuple[str, str, bytes]]:
        """Tag -> side, link and IP packet, of those that came where they may: an error about a packet holds its tag
        as well, and goes back."""
        caught = {name: space.ask("caught")["packets"] for name, space in self.spaces.items()}
        found = {}
        for tag, sides in wanted:
            for side in sides:
                if str(tag) in caught[side]:
                    link, written = caught[side][str(tag)]
                    found[tag] = (side, link, bytes.fromhex(written))
        return found


def _side_of(address: str) -> str:
    value = ipaddress.ip_address(address)
    return next((side for side, nets in _BEHIND.items() if any(value in net for net in nets)), "fw")


def turned(flow: dict[str, Any]) -> dict[str, Any]:
    """The other direction."""
    found = {**flow, "src": flow["dst"], "dst": flow["src"]}
    if "src_port" in flow:
        found |= {"src_port": flow["dst_port"], "dst_port": flow["src_port"]}
    return found


def _ends_of(flow: dict[str, Any]) -> tuple[Any, ...]:
    addresses = (ipaddress.ip_address(flow[name]) for name in ("src", "dst"))
    return (*addresses, flow["protocol"], flow.get("src_port"), flow.get("dst_port"))


def _ends(heard: tuple[str, str, bytes] | None) -> tuple[Any, ...]:
    """The ends of the answer to a packet that was heard: those of the flow, if it was an answer itself; nothing
    for no packet."""
    return _ends_of(answer(heard[2])) if heard is not None else ()
