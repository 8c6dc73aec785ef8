# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change is meant to alter: paths by their names, and flows, anywhere or on one host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..analyse.journey import plain
from ..analyse.replies import answers
from ..errors import FlowError, PolicyError
from ..model.flow import flows_from
from ..model.flowset import FlowSet, Space
from .complain import unknown_name
from .paths import Policy

_TODO = "name a path as the policy does, or give a flow: {src, dst, protocol, dst_port}, with a host if it is for one"
_KEYS = ("src", "dst", "protocol", "src_port", "dst_port", "icmp_type", "icmp_code")


@dataclass(frozen=True)
class Expected:
    """``paths``: names. ``flows``: ``(host, flow)``, the host empty where it is meant for all."""

    paths: frozenset[str] = frozenset()
    flows: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def at(self, space: Space, host: str) -> FlowSet:
        """The packets on a host that are meant to fare otherwise: of these flows, and the answers to them."""
        return self._union(space, {"", host})

    def each_at(self, space: Space, host: str) -> Iterator[tuple[int, FlowSet]]:
        """The same, flow by flow: its index, and the packets."""
        for index, flow in enumerate(self.flows):
            if flow[0] in ("", host):
                yield index, Expected(flows=(flow,)).at(space, host)

    def text(self, index: int) -> str:
        """``src 10.10.1.5 dst_port 5432 on fw1``."""
        host, flow = self.flows[index]
        words = " ".join(f"{name} {value}" for name, value in flow.items())
        return f"{words} on {host}" if host else words

    def anywhere(self, space: Space) -> FlowSet:
        """The same, of the flows that are not meant for one host alone."""
        return self._union(space, {""})

    def _union(self, space: Space, hosts: set[str]) -> FlowSet:
        found = space.nothing
        for host, flow in self.flows:
            if host in hosts:
                flows = plain(flows_from(space, flow))
                found = found | flows | plain(answers(flows))
        return found


def expected_from(value: Any, policy: Policy, option: str) -> Expected:
    """A list of paths' names and flows. Raises PolicyError for what is neither."""
    if not isinstance(value, list):
        raise PolicyError("this must be a list", option, _TODO)
    names, flows = [], []
    for index, item in enumerate(value):
        where = f"{option}[{index}]"
        if isinstance(item, str):
            if policy.path(item) is None:
                raise PolicyError(f"the policy has no path {item!r}", where, _TODO)
            names.append(item)
        elif isinstance(item, Mapping):
            flows.append(_flow(item, where))
        else:
            raise PolicyError(f"{str(item)[:60]!r} is neither a path's name nor a flow", where, _TODO)
    return Expected(frozenset(names), tuple(flows))


def check_hosts(expected: Expected, known: Sequence[str], option: str) -> None:
    """PolicyError for a flow that is expected on a host that nobody knows."""
    for host, _flow_there in expected.flows:
        if host and host not in known:
            raise unknown_name("host", host, known, f"{option}, in a flow")


def _flow(item: Mapping[str, Any], where: str) -> tuple[str, Mapping[str, Any]]:
    host = item.get("host", "")
    flow = {key: value for key, value in item.items() if key != "host"}
    unknown = [str(key) for key in flow if key not in _KEYS]
    if unknown or not isinstance(host, str) or not flow:
        what = f"an expected flow has no key {unknown[0]!r}" if unknown else "the flow or its host is missing"
        raise PolicyError(what, where, f"a flow has: host, {', '.join(_KEYS)}")
    try:
        flows_from(Space(), flow)
    except FlowError as error:
        raise PolicyError(error.what, where, error.todo) from None
    return host, flow
