# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as they are and as they were at a baseline, indexed once for all policies that are judged by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from ..analyse.evaluate import HostFirewall
from ..analyse.network import Network
from ..analyse.survey import Survey
from ..model.flowset import FlowSet, Space
from ..model.state import State
from .remedy import differ


def shared(network: Network, others: Mapping[str, State]) -> dict[str, HostFirewall]:
    """The indexed firewalls of a network that are those of other states, too: of hosts whose rules are the same, and
    match the same."""
    found: dict[str, HostFirewall] = {}
    for host, other in others.items():
        mine = network.states.get(host)
        if (
            mine is None
            or differ(others, network.states, host)
            or other.firewall_known != mine.firewall_known
        ):
            continue
        firewall = network.firewall(host)
        if not firewall.asks_routes or _around(other) == _around(mine):
            found[host] = firewall
    return found


def _around(state: State) -> tuple[object, ...]:
    """What rules may ask for besides packets and sets."""
    return state.routes, state.route_rules, state.interfaces, state.unreadable


class Situation:
    """``network``: the hosts now; ``earlier``: at the baseline, of the same space, None without one. What is worked out
    about either (routes, indexed rules, what hosts do with flows) serves every policy that asks."""

    def __init__(self, states: Mapping[str, State], baseline: Mapping[str, State] | None = None) -> None:
        self.states = states
        self.baseline = baseline or None
        self._surveyed = False

    @cached_property
    def network(self) -> Network:
        return Network(self.states, Space())

    @cached_property
    def earlier(self) -> Network | None:
        """Hosts whose rules are the same share their indexed firewall. The very same states are the very same
        network."""
        if self.baseline is None:
            return None
        before, now, network = self.baseline, self.states, self.network
        if len(before) == len(now) and all(before.get(host) is state for host, state in now.items()):
            return network
        return Network(before, network.space, shared(network, before))

    def survey(self, asked: Iterable[FlowSet]) -> None:
        """Let all proofs share what hosts do with these flows, now and at the baseline; those of the first time count,
        as a second survey would know nothing of what the first has found."""
        if self._surveyed:
            return
        self._surveyed = True
        listed = list(asked)
        for network in (self.network, self.earlier):
            if network is not None and network.survey is None:
                network.survey = Survey(network, listed)

    def tidy(self) -> None:
        """Between two policies: results of operations on sets that took part in proofs take the most memory of all, and
        next to none of them serves another policy."""
        if "network" in vars(self):
            self.network.space.diagrams.trim(0)
