# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as its page tells it: what it is, what it decides, which paths each rule serves. In the order of the host or
of names, and without what traffic or time changes: counters, handles, numbers of lines."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from ..analyse.rulechanges import settled
from ..model.rules import Chain, Rule, Ruleset
from ..model.state import NamedSet, Route, State
from ..render.audit_words import why_blind
from ..render.clean import listed
from .serving import Place, Serving

_MOST_PATHS = 6
_MOST_MEMBERS = 100
_MOST_ROUTES = 60
# Of route kinds, those that are no way to somewhere else.
_OWN = ("local", "broadcast", "multicast", "anycast")
# Characters that may stand in a page's name as they are.
_PLAIN = "@+,="


@dataclass(frozen=True)
class RuleRow:
    """``uses``: ``opens: app to primary``. ``idle``: whether it serves no path. ``notes``: what of it was not
    understood."""

    text: str
    uses: list[str]
    idle: bool
    notes: list[str]


@dataclass(frozen=True)
class ChainPart:
    """``about``: where it is asked, and its default action. ``default_uses``: what that does for paths. ``others``:
    how many rules in it programs have made, by program."""

    key: str
    about: str
    rules: list[RuleRow]
    default_uses: list[str]
    others: dict[str, int]


@dataclass(frozen=True)
class SetPart:
    key: str
    about: str
    members: list[str]


@dataclass(frozen=True)
class HostPage:
    """``error``: why it could not be read; then the rest is empty. ``blind``: why its rules alone could not be.
    ``facts``: (what, value)."""

    name: str
    file: str
    platform: str
    error: str = ""
    router: bool = False
    facts: list[tuple[str, str]] = field(default_factory=list)
    interfaces: list[tuple[str, str, str]] = field(default_factory=list)
    chains: list[ChainPart] = field(default_factory=list)
    sets: list[SetPart] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    more_routes: int = 0
    doubts: list[str] = field(default_factory=list)
    blind: str = ""

    @property
    def rules(self) -> int:
        return sum(len(chain.rules) + sum(chain.others.values()) for chain in self.chains)

    @property
    def idle(self) -> int:
        return sum(rule.idle for chain in self.chains for rule in chain.rules)


def file_of(host: str) -> str:
    """The name of a host's page: no other host's, and no path."""
    found = quote(host, safe=_PLAIN)
    return f"{'%2E' + found[1:] if found.startswith('.') else found}.md"


def unread(host: str, platform: str, error: str) -> HostPage:
    return HostPage(host, file_of(host), platform, error.splitlines()[0] if error else "it was not read")


def host_page(state: State, serving: Serving) -> HostPage:
    routes = list(dict.fromkeys(_routes(state.routes)))
    doubts = [f"{item['where']}: {item['reason']}" for item in state.not_understood]
    doubts += [f"{item['what']} was not read: {item['reason']}" for item in state.unreadable]
    unreadable = [f"{item['what']}: {item['reason']}" for item in state.unreadable]
    return HostPage(
        name=state.host,
        file=file_of(state.host),
        platform=state.platform,
        router=any(state.forwarding.values()),
        facts=list(_facts(state)),
        interfaces=[
            (
                name,
                ", ".join(sorted(filter(_lasting, interface.addresses))) or "no address",
                ", ".join(_about_interface(interface.zone, interface.master, interface.up)),
            )
            for name, interface in sorted(state.interfaces.items())
        ],
        chains=[_chain(state, key, chain, serving) for key, chain in _in_order(state)],
        sets=[_set(key, named) for key, named in sorted(state.sets.items()) if not named.is_map],
        routes=routes[:_MOST_ROUTES],
        more_routes=max(len(routes) - _MOST_ROUTES, 0),
        doubts=list(dict.fromkeys(doubts)),
        blind="" if state.firewall_known else why_blind(unreadable),
    )


def _lasting(address: str) -> bool:
    """Link-local addresses come and go with the hardware."""
    return not ipaddress.ip_interface(address).is_link_local


def _facts(state: State) -> Iterator[tuple[str, str]]:
    yield "platform", state.platform
    if state.hostname and state.hostname != state.host:
        yield "calls itself", state.hostname
    passes = {"ipv4": "IPv4", "ipv6": "IPv6"}
    known = [words for family, words in passes.items() if state.forwarding.get(family)]
    unknown = [words for family, words in passes.items() if state.forwarding.get(family) is None]
    yield "passes packets on", " and ".join(known) or ("not known" if unknown else "no")
    if not state.firewall_known:
        yield "its rules", "could not be read: what it decides is not known"
    boot = {"same": "what runs", "differs": "not what runs", "unknown": "not known"}[state.boot["matches"]]
    reason = state.boot["reason"]
    yield "loads at boot", f"{boot}: {reason}" if reason and boot != "what runs" else boot


def _about_interface(zone: str, master: str, up: bool) -> Iterator[str]:
    if zone:
        yield f"zone {zone}"
    if master:
        yield f"of {master}"
    if not up:
        yield "down"


def _in_order(state: State) -> Iterator[tuple[str, Ruleset | Chain]]:
    """As packets meet them: by hook and priority; then lists that no hook asks, and chains."""
    hooks = ("ingress", "prerouting", "input", "forward", "output", "postrouting", "egress")

    def place(item: tuple[str, Ruleset]) -> tuple[int, int, str]:
        hook = item[1].hook
        return (hooks.index(hook) if hook in hooks else len(hooks), item[1].priority, item[0])

    yield from sorted(state.rulesets.items(), key=place)
    yield from sorted(state.chains.items())


def _chain(state: State, key: str, chain: Ruleset | Chain, serving: Serving) -> ChainPart:
    rules: list[RuleRow] = []
    others: dict[str, int] = {}
    for rule in chain.rules:
        if rule.managed_by:
            others[rule.managed_by] = others.get(rule.managed_by, 0) + 1
        else:
            rules.append(_rule(state.host, key, rule, serving))
    default = [
        use
        for place, uses in serving.uses.items()
        if place[:3] == (state.host, key, 0)
        for use in _uses(uses)
    ]
    return ChainPart(key, _about(chain), rules, default, dict(sorted(others.items())))


def _about(chain: Ruleset | Chain) -> str:
    if isinstance(chain, Chain):
        return "a chain that rules jump to"
    where = f"asked at {chain.hook}" if chain.hook else "a list that interfaces or rules name"
    kind = f", {chain.type}" if chain.type != "filter" else ""
    return f"{where}{kind}, {chain.family}; what no rule decides: {chain.default_action}"


def _rule(host: str, key: str, rule: Rule, serving: Serving) -> RuleRow:
    place: Place = (host, key, rule.position, rule.text)
    return RuleRow(
        " ".join(settled(rule.text).split()),
        _uses(serving.uses.get(place, {})),
        serving.idle is not None and place in serving.idle,
        list(rule.not_understood),
    )


def _uses(uses: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{what}: {listed(sorted(names), _MOST_PATHS)}" for what, names in sorted(uses.items())]


def _set(key: str, named: NamedSet) -> SetPart:
    name = named.called or key
    if named.dynamic or named.expiring or named.timed:
        return SetPart(name, "its members come and go", [])
    if not named.complete:
        return SetPart(name, "its members could not be read", [])
    members = sorted(" . ".join(parts) for parts in named.to_dict()["elements"])
    more = len(members) - _MOST_MEMBERS
    about = f"{len(members)} member{'' if len(members) == 1 else 's'}" + (
        f", of which {_MOST_MEMBERS} are shown" if more > 0 else ""
    )
    return SetPart(name, about, members[:_MOST_MEMBERS])


def _routes(routes: Sequence[Route]) -> Iterator[str]:
    """Those that lead over somebody else, or nowhere."""
    for route in sorted(
        routes, key=lambda one: (one.table != "main", one.table, one.family, one.destination)
    ):
        ways = sorted(
            f"{hop.via} ({hop.interface})" if hop.interface else hop.via for hop in route.next_hops if hop.via
        )
        table = f" (table {route.table})" if route.table not in ("main", "local") else ""
        if ways:
            yield f"{route.destination} over {' or '.join(ways)}{table}"
        elif route.kind != "unicast" and route.kind not in _OWN:
            yield f"{route.destination}: {route.kind}{table}"
