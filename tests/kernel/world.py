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
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.kernel.packets import answer, frame, tagged

AGENT = Path(__file__).with_name("agent.py")
_SETTLE = 0.06  # seconds: veth delivers at once, this only lets the receiving side run
_MAC = {"left": "02:00:00:00:01:{:02x}", "fw": "02:00:00:00:02:{:02x}", "right": "02:00:00:00:03:{:02x}"}
LINKS = (("in0", "left"), ("in1", "left"), ("out0", "right"), ("out1", "right"))


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
        # What is under test are rules; TCP windows are conntrack's own matter.
        self.fw.run("sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1", check=False)
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
            " ipset destroy 2>/dev/null; conntrack -F 2>/dev/null; true"
        )

    def passed(self, hook: str, flows: list[dict[str, Any]]) -> list[bool]:
        """Which of these flows get through the firewall: forward, input or output."""
        first = self._tag
        self._tag += len(flows)
        packets = [tagged(flow, first + index) for index, flow in enumerate(flows)]
        listener = self.fw if hook == "input" else self.right
        listener.ask("heard")
        if hook == "output":
            self.fw.ask("emit", packets=[packet.hex() for packet in packets])
        else:
            numbers = {link: number for number, (link, _side) in enumerate(LINKS)}
            frames = []
            for flow, packet in zip(flows, packets):
                number = numbers[flow["in_interface"]]
                source, target = _MAC["left"].format(number), _MAC["fw"].format(number)
                frames.append([flow["in_interface"], frame(source, target, packet).hex()])
            self.left.ask("send", frames=frames)
        time.sleep(_SETTLE)
        tags = set(listener.ask("heard")["tags"])
        return [first + index in tags for index in range(len(flows))]

    def travelled(self, flows: list[dict[str, Any]]) -> list[tuple[bool, bool, bool]]:
        """For each flow that the firewall should forward: whether its first packet arrived, whether the answers
        to that (as it arrived, translated) came back, and whether the next packet arrived."""
        first = self._send(self.left, flows, [flow["in_interface"] for flow in flows], "left")
        arrived = self._caught(self.right)
        answers, links, asked = [], [], []
        for index in range(len(flows)):
            if first + index in arrived:
                link, written = arrived[first + index]
                answers.append(answer(bytes.fromhex(written)[14:]))
                links.append(link)
                asked.append(index)
        second = self._send(self.right, answers, links, "right")
        back = self._caught(self.left)
        further = [{**flow, "tcp_flags": 0x10} for flow in flows]
        third = self._send(self.left, further, [flow["in_interface"] for flow in flows], "left")
        again = self._caught(self.right)
        # A server sends more than its SYN ACK, and a stranger's lone ACK is another matter to the kernel.
        fourth = self._send(self.right, [{**one, "tcp_flags": 0x10} for one in answers], links, "right")
        back |= self._caught(self.left)
        answered = {
            index
            for at, index in enumerate(asked)
            if _ends(back.get(second + at)) == _ends(back.get(fourth + at)) == _ends_of(flows[index])
        }
        return [
            (
                first + index in arrived,
                index in answered,
                third + index in again and _ends(again[third + index]) == _ends(arrived.get(first + index)),
            )
            for index in range(len(flows))
        ]

    def _send(self, space: Namespace, flows: list[dict[str, Any]], links: list[str], side: str) -> int:
        """Send a packet of each flow by its link; the first one's tag, the others' follow."""
        first = self._tag
        self._tag += len(flows)
        numbers = {link: number for number, (link, _side) in enumerate(LINKS)}
        frames = []
        for index, (flow, link) in enumerate(zip(flows, links)):
            source, target = _MAC[side].format(numbers[link]), _MAC["fw"].format(numbers[link])
            frames.append([link, frame(source, target, tagged(flow, first + index)).hex()])
        space.ask("send", frames=frames)
        time.sleep(_SETTLE)
        return first

    @staticmethod
    def _caught(space: Namespace) -> dict[int, tuple[str, str]]:
        return {int(tag): (link, written) for tag, (link, written) in space.ask("caught")["packets"].items()}


def _ends_of(flow: dict[str, Any]) -> tuple[Any, ...]:
    addresses = (ipaddress.ip_address(flow[name]) for name in ("src", "dst"))
    return (*addresses, flow["protocol"], flow.get("src_port"), flow.get("dst_port"))


def _ends(heard: tuple[str, str] | None) -> tuple[Any, ...]:
    """The ends of the answer to a packet that was heard: those of the flow, if it was an answer itself."""
    if heard is None:
        return ()
    found = answer(bytes.fromhex(heard[1])[14:])
    return _ends_of(found)
