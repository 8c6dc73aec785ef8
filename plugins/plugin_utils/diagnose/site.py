# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of one diagnosis, as they are now: read, probed from, and asked what they know. Nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import GuardError, PathGuardError
from ..gather import snapshot
from ..gather.access import HostAccess
from ..gather.agents import run_agent
from ..gather.channel import Channel
from ..gather.several import several, some
from ..guard.routers import Address, addresses_of, missing_gateways
from ..guard.site import SEARCHED, Site
from ..model import text
from ..model.state import Interface, State
from . import device_counters

COUNTERS, FACTS, STOPPED = "counter_agent", "diagnose_agent", "stopped_agent"
# Seconds that an agent may be silent for.
PATIENCE = 60.0

Answers = dict[str, dict[str, Any]]
Errors = dict[str, PathGuardError]


class DiagnoseSite(Site):
    def ask(self, agent: str, requests: Mapping[str, Mapping[str, Any]]) -> tuple[Answers, Errors]:
        """Run an agent on hosts, each with a request of its own: the answers, and why a host gave none."""

        def one(channel: Channel, access: HostAccess) -> dict[str, Any]:
            return run_agent(
                channel, agent, requests[access.name], python=access.python, become=True, timeout=PATIENCE
            )

        return self._on(list(requests), one, "asked")

    def hits(self, platforms: Mapping[str, str]) -> Answers:
        """What devices have counted for the entries of their lists. ``platforms``: by host. A device that does not tell
        is left out: that is evidence which there is not."""

        def one(channel: Channel, access: HostAccess) -> dict[str, Any]:
            platform = platforms[access.name]
            reply = channel.run(device_counters.SHOWN[platform][0])
            return {"rules": device_counters.counted(platform, reply.stdout) if reply.rc == 0 else {}}

        return self._on(list(platforms), one, "asked")[0]


@dataclass
class Gathered:
    """``silent``: hosts that could not be read, and why. ``gateways``: next hops that no host that was read has."""

    states: dict[str, State]
    silent: Errors = field(default_factory=dict)
    gateways: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """``sources``: the hosts that can't reach something. ``needed``: these and all others that the question names.
    ``hops``: None where the routers are to be found. ``others``: hosts among which they are looked for."""

    sources: Sequence[str]
    needed: Sequence[str]
    hops: Sequence[str] | None
    others: Sequence[str]


def gather(site: Site, wanted: Wanted, folder: Path, run_id: str) -> Gathered:
    """Read them all. What can't be read is part of what is found, unless no source can be.

    Raises PathGuardError then: nothing could be tried from anywhere.
    """
    first = list(dict.fromkeys([*wanted.needed, *(wanted.hops or ())]))
    states, silent = site.read(first, folder, run_id)
    lost = {name: silent[name] for name in wanted.sources if name in silent}
    if wanted.sources and len(lost) == len(wanted.sources):
        error = several(lost, len(wanted.sources), "read")
        todo = f"{error.todo}; nothing can be tried without one of these hosts: see that ssh reaches it"
        raise error if len(lost) > 1 else type(error)(error.what, error.where, todo)
    return Gathered(states, silent)


def add_routers(
    site: Site, wanted: Wanted, found: Gathered, far: Sequence[Address], folder: Path, run_id: str
) -> None:
    """Add the routers that the hosts' routes lead over, and who has the addresses ``far`` that the question is about.

    Raises GuardError if there are too many hosts to look at.
    """
    if wanted.hops is None:
        _look_among_others(site, wanted, found, far, folder, run_id)
    found.gateways = sorted(_missing(found.states, far))


def addresses_of_others(states: Mapping[str, State]) -> set[Address]:
    """``(family, number)`` of every address that the hosts have."""
    return addresses_of(states.values())


def _missing(states: Mapping[str, State], far: Sequence[Address]) -> set[str]:
    """Next hops that nobody has: as if a host with the far addresses were read, too."""
    nobody = [address for address in far if address not in addresses_of_others(states)]
    there = Interface("", [text.address_text(*address) for address in nobody])
    return missing_gateways({**states, "": State("", interfaces={"": there})} if nobody else states)


def _look_among_others(
    site: Site, wanted: Wanted, found: Gathered, far: Sequence[Address], folder: Path, run_id: str
) -> None:
    gateways = _missing(found.states, far)
    others = [name for name in wanted.others if name not in found.states and name not in found.silent]
    unknown = set(far) - addresses_of_others(found.states)
    if not (gateways or unknown) or not others:
        return
    if len(others) > SEARCHED:
        raise GuardError(
            f"the routes lead over {some(sorted(gateways))}, and there are {len(others)} more hosts to look at",
            "path_diagnose_hops",
            "name the firewalls and routers on the way, such as path_diagnose_hops: firewalls",
        )
    more, silent = site.read(others, folder, run_id)
    for name, state in more.items():
        if any(state.forwarding.values()) or unknown & addresses_of([state]):
            found.states[name] = state
        else:
            snapshot.path_of(folder, name).unlink(missing_ok=True)
    if _missing(found.states, far):
        found.silent.update(silent)
