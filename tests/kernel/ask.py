# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the analysis says about packets, from the firewall's state as hosts are gathered."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.device import through
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.evaluate import HostFirewall
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.journey import plain
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.network import Network
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.reach import Question, reach, union
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.routes import Routing
from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.walk import Start
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import frames, linux
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flow import flows_from
from ansible_collections.pathguard.network.plugins.plugin_utils.model.flowset import FlowSet, Space
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.kernel.world import LINKS, World

WAY = {
    "forward": ("ingress", "prerouting", "forward", "postrouting"),
    "input": ("ingress", "prerouting", "input"),
    "output": ("output", "postrouting"),
}
VERDICTS = ("permit", "deny", "unknown")
_EDGES = frozenset(("fw", link) for link, _side in LINKS)
# What many packets of a test have in common.
_ALIKE = ("protocol", "icmp_type", "in_interface", "out_interface", "tcp_flags", "reply")
_FLAGS = {0x02: "syn", 0x10: "ack", 0x18: "psh,ack"}


@dataclass(frozen=True)
class Told:
    """``verdict``: permit, deny, unknown; of an exchange: the whole of it. ``first``: whether the first packet
    passes; None: not known. ``reasons``: why it is not known; ``said``: of whatever stops or may stop packets,
    where it is no rule."""

    verdict: str
    first: bool | None = None
    reasons: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def gathered(world: World) -> State:
    """The firewall's state, by the very script that gathers hosts."""
    made = frames.script(linux.BODY)
    done = world.fw.ask("run", argv=["sh"], stdin=made.text)
    outputs = frames.outputs(made, linux.COMMANDS, done["stdout"], done["stderr"], "fw")
    return parse_platform("linux", "fw", outputs)


class Packets:
    """Packets as sets of one each. What they have in common is made once."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._alike: dict[tuple[Any, ...], FlowSet] = {}

    def set_of(self, flow: dict[str, Any]) -> FlowSet:
        """One packet, of a connection without marks. ``reply``: whether it goes against the connection's direction;
        None, or not there: the connection is new."""
        key = tuple(flow.get(name) for name in _ALIKE)
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = self._common(flow)
        return self._ends(found, flow)

    def plain_set_of(self, flow: dict[str, Any]) -> FlowSet:
        """One packet, whatever the host takes it for and by whatever interface it comes."""
        key = ("plain", flow["protocol"], flow.get("icmp_type"))
        found = self._alike.get(key)
        if found is None:
            words = {name: flow[name] for name in ("protocol", "icmp_type") if name in flow}
            found = self._alike[key] = plain(flows_from(self.space, _with_code(words)))
        return self._ends(found, flow)

    def _common(self, flow: dict[str, Any]) -> FlowSet:
        words = {key: flow[key] for key in _ALIKE if key in flow and key not in ("reply", "tcp_flags")}
        reply = flow.get("reply")
        if reply is not None:
            words["connection"] = "established"
            if flow["protocol"] == "tcp":
                words["tcp_flags"] = _FLAGS[flow["tcp_flags"]]
        found = flows_from(self.space, {**_with_code(words), "mark": 0, "ct_mark": 0})
        return found.named("ct_status", ("none",)).named("direction", ("reply" if reply else "original",))

    @staticmethod
    def _ends(found: FlowSet, flow: dict[str, Any]) -> FlowSet:
        for name in ("src", "dst"):
            address = ipaddress.ip_address(flow[name])
            found = found.only(name, ((int(address),) * 2,), address.version)
        for name in ("src_port", "dst_port"):
            if name in flow:
                found = found.only(name, ((flow[name],) * 2,))
        assert found, flow
        return found


def _with_code(words: dict[str, Any]) -> dict[str, Any]:
    return {**words, "icmp_code": 0} if "icmp_type" in words else words


def verdicts(state: State, hook: str, flows: Iterable[dict[str, Any]]) -> list[str]:
    """Through all hooks that packets pass on their way by ``hook``; all at once, as one set."""
    packets = Packets(Space())
    asked = [packets.set_of(flow) for flow in flows]
    outcome = HostFirewall(state, packets.space).hooks(WAY[hook], union(packets.space.nothing, asked))
    return [verdict_of(outcome, one) for one in asked]


def whole_host(state: State, flows: Iterable[dict[str, Any]]) -> list[str]:
    """Through the whole firewall, its routes included, as the filter ``flow_verdicts`` does."""
    packets = Packets(Space())
    asked = [packets.set_of(flow) for flow in flows]
    firewall = HostFirewall(state, packets.space)
    answer = through(firewall, Routing(state), union(packets.space.nothing, asked))
    return [verdict_of(answer, one) for one in asked]


def verdict_of(answer: Any, one: FlowSet) -> str:
    """The verdict on one packet: it has no parts."""
    found = [name for name in VERDICTS if getattr(answer, name) & one]
    assert len(found) == 1, f"one packet has {found}: {one}"
    return found[0]


def told(state: State, flows: list[dict[str, Any]]) -> list[Told]:
    """The whole exchange: the first packet by ``in_interface`` or, without one, of the firewall itself; what is
    answered, and what follows."""
    space = Space()
    network = Network({"fw": state}, space)
    asked, starts = [], {flow.get("in_interface", ""): space.nothing for flow in flows}
    packets = Packets(space)
    for flow in flows:
        one = packets.plain_set_of(flow)
        asked.append(one)
        starts[flow.get("in_interface", "")] |= one
    begun = [Start("fw", link, some) for link, some in starts.items()]
    answer = reach(network, begun, Question(space.everything, _EDGES))
    first: dict[str, FlowSet] = {
        verdict: union(
            space.nothing,
            (event.flows for event in answer.events if (event.verdict, event.direction) == (verdict, "new")),
        )
        for verdict in ("deny", "unknown")
    }
    found = []
    for one in asked:
        verdict = next(
            name for name, some in zip(VERDICTS, (answer.open, answer.denied, answer.unknown)) if one & some
        )
        mine = [event for event in answer.events if event.flows & one]
        reasons = [part.reason for event in mine if event.verdict == "unknown" for part in event.parts(one)]
        said = tuple(event.reason for event in mine if event.reason)
        passes = False if one & first["deny"] else None if one & first["unknown"] else True
        found.append(Told(verdict, passes, tuple(reasons), said))
    return found
