# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the documentation tells of a network, as plain data in a fixed order and without times."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..analyse.network import Network
from ..analyse.rulechanges import settled
from ..audit.given import Given
from ..errors import PathGuardError
from ..model.flowset import Space
from ..model.garbage import little_garbage
from ..model.state import State
from ..policy.complain import naming
from ..policy.ends import EndFinder, Resolver
from ..policy.inventory import check_against_inventory
from ..policy.path_report import path_entry
from ..policy.paths import Policy
from ..policy.prove import Proof
from ..policy.validate import Validation
from ..render.clean import cleaned
from ..render.words import runs
from .hosts import HostPage, host_page, unread
from .serving import Serving, begin, look, settle
from .topology import Drawn, Topology, drawn, topology

Entry = dict[str, Any]
Say = Callable[[str], None]
# On the page that has all of it; each host's own page has its rules in any case.
_MOST_RULES = 10_000


@dataclass(frozen=True)
class PathPart:
    """``label``: its name, with its policy's where another has one of the same name. ``entry``: as in a report.
    ``rests``: (what it does, host, chain, text) of the rules that it rests on. ``hops``: the routers on its ways."""

    id: str
    label: str
    file: str
    entry: Entry
    rests: list[tuple[str, str, str, str]]
    hops: list[str]
    command: str


@dataclass(frozen=True)
class PolicyPart:
    file: str
    title: str
    error: str
    paths: list[PathPart]


@dataclass
class SiteDocument:
    """``picture``: None where no network is known. ``judged``: whether it is known which rules
    serve no path. ``owners``: owner -> paths; empty: those without one."""

    title: str
    policies: list[PolicyPart]
    hosts: list[HostPage]
    networks: Topology
    picture: Drawn | None
    judged: bool
    owners: dict[str, list[PathPart]] = field(default_factory=dict)

    @property
    def paths(self) -> list[PathPart]:
        return [path for policy in self.policies for path in policy.paths]

    @property
    def waivers(self) -> list[PathPart]:
        """Those that expire first stand first."""
        found = [path for path in self.paths if path.entry["waiver"]]
        return sorted(found, key=lambda path: (path.entry["waiver"]["expires"], path.label))

    @property
    def unread(self) -> list[HostPage]:
        return [host for host in self.hosts if host.error]

    @property
    def deciding(self) -> list[HostPage]:
        """Hosts with rules, or that pass packets on: they have a page of their own."""
        return [host for host in self.hosts if host.rules or host.router or host.doubts]

    @property
    def whole(self) -> bool:
        """Whether one page can hold all rules."""
        return sum(host.rules for host in self.hosts) <= _MOST_RULES

    @property
    def plain(self) -> list[str]:
        """Hosts that were read and decide nothing."""
        own = {host.name for host in self.deciding}
        return runs([host.name for host in self.hosts if host.name not in own and not host.error])

    @property
    def idle(self) -> list[tuple[str, str, str]]:
        """(hosts, chain, rule) of rules that serve no path; hosts with the same rule together."""
        found: dict[tuple[str, str], list[str]] = {}
        for host in self.hosts:
            for chain in host.chains:
                for rule in chain.rules:
                    if rule.idle:
                        found.setdefault((chain.key, rule.text), []).append(host.name)
        return [(", ".join(runs(hosts)), chain, text) for (chain, text), hosts in found.items()]


@dataclass(frozen=True)
class Known:
    """What there is to tell of. ``platforms``, ``errors``: of hosts that could not be read. ``resolver``: by policy."""

    states: Mapping[str, State]
    groups: Mapping[str, Sequence[str]]
    platforms: Mapping[str, str]
    errors: Mapping[str, str]
    resolver: Callable[[Policy], Resolver | None]


@little_garbage()
def site_document(title: str, given: Sequence[Given], known: Known, say: Say) -> SiteDocument:
    """A policy that can't be judged is told so; the rest is documented all the same."""
    known = replace(known, states=dict(_in_order(known.states)))
    serving = begin(known.states, len(given))
    names = Counter(path.name for one in given for path in one.policy.paths)
    anchors: set[str] = set()
    policies = [_policy(one, known, serving, names, anchors, say) for one in given]
    if any(policy.error for policy in policies):
        serving.idle = None
    pages = {name: host_page(state, serving) for name, state in known.states.items()}
    for name, error in known.errors.items():
        pages[name] = unread(name, known.platforms.get(name, ""), error)
    networks = topology(known.states)
    found = SiteDocument(
        title=title,
        policies=policies,
        hosts=[pages[name] for name in sorted(pages)],
        networks=networks,
        picture=drawn(networks),
        judged=serving.idle is not None,
    )
    for path in found.paths:
        found.owners.setdefault(path.entry["owner"], []).append(path)
    found.owners = {
        owner: found.owners[owner] for owner in sorted(found.owners, key=lambda one: (not one, one))
    }
    return found


def _in_order(states: Mapping[str, State]) -> Iterator[tuple[str, State]]:
    """By names, whichever host has answered first."""
    for name, state in sorted(states.items()):
        yield name, replace(state, interfaces=dict(sorted(state.interfaces.items())))


def _policy(
    one: Given, known: Known, serving: Serving, names: Mapping[str, int], anchors: set[str], say: Say
) -> PolicyPart:
    policy = one.policy
    title = policy.title or policy.name
    paths: list[PathPart] = []
    proofs: list[Proof] = []
    try:
        with naming(policy.name):
            check_against_inventory(policy, known.groups, known.states)
            network = Network(known.states, Space())
            finder = EndFinder(network, known.groups, policy.boundaries, known.resolver(policy))
            validation = Validation(policy, network, finder, say)
            for path in policy.paths:
                label = path.name if names[path.name] == 1 else f"{path.name} ({one.file})"
                proof = validation.proof(path.name)
                look(serving, label, proof, network)
                proofs.append(proof)
                # A waiver runs out on a day, and the documentation changes with the network alone.
                entry: Entry = cleaned(path_entry(proof, network, None, None, datetime.date.max))
                paths.append(_path(_anchor(label, anchors), label, one.file, entry, serving))
            settle(serving, proofs, network)
    except PathGuardError as error:
        return PolicyPart(one.file, title, str(error), [])
    return PolicyPart(one.file, title, "", paths)


def _anchor(label: str, taken: set[str]) -> str:
    """Where links lead to: from the path's name alone, so that a new path moves no other's."""
    found = "path-" + re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    if found in taken:
        found += f"-{hashlib.sha256(label.encode()).hexdigest()[:8]}"
    taken.add(found)
    return found


def _path(name: str, label: str, file: str, entry: Entry, serving: Serving) -> PathPart:
    rests = dict.fromkeys(
        (what, ref.host, ref.chain, " ".join(settled(ref.text).split()))
        for what, ref in serving.rests.get(label, ())
    )
    hops = sorted({hop for leg in entry["legs"] for hop in leg["hops"]})
    return PathPart(name, label, file, entry, sorted(rests), hops, _command(file, entry))


def _command(file: str, path: Entry) -> str:
    """What to run first when a path is in question; a forbidden one is no question of who can't reach what."""
    if path["kind"] == "forbidden":
        return f"ansible-playbook pathguard.network.audit -e path_audit_policies={shlex.quote(file)}"
    wanted = json.dumps(
        {"path_diagnose_policy": file, "path_diagnose_paths": [path["name"]]}, ensure_ascii=False
    )
    return f"ansible-playbook pathguard.network.diagnose -e {shlex.quote(wanted)}"
