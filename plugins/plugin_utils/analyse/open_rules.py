# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that let every service pass from everybody to everybody, and hooks at which nothing is denied at all.

An accept counts where something would be denied otherwise: in a ruleset that denies nothing it opens nothing. What
earlier rules take away is not asked for: "deny one network, permit any any" is open to all others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ..model.flow import flows_from
from ..model.flowset import FlowSet
from ..model.match import All, In, Match
from ..model.rules import Rule, Ruleset, Verdict
from ..model.state import State
from ..model.text import WIDTH
from .late import TooLateError
from .scope import chains_from, jumps, verdicts
from .unreachable import Survey

_HOOKS = ("input", "forward")
# What counts as every service: (what it is called, the flow that asks for all of it).
_WHOLE: tuple[tuple[str, dict[str, str]], ...] = (
    ("every service", {}),
    ("every tcp service", {"protocol": "tcp"}),
    ("every udp service", {"protocol": "udp"}),
)
_FAMILIES = ("ipv4", "ipv6")
_PLACES = ("in_interface", "out_interface", "in_zone", "out_zone")
_DENIES = ("drop", "reject")


@dataclass(frozen=True)
class OpenRule:
    """``what``: such as ``every tcp service``. ``limited``: to the ``interfaces`` (or zones) that are named, such as
    ``in eth0``."""

    chain: str
    rule: Rule
    what: str
    limited: bool
    interfaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class WholeHook:
    """``ruleset``: the first of the hook's."""

    hook: str
    ruleset: str


def open_rules(
    survey: Survey, unbound: Collection[str] = (), late: Callable[[], bool] = lambda: False
) -> Iterator[OpenRule | WholeHook]:
    """In the order of the state. ``unbound``: lists that no packet comes to. TooLateError when it is ``late``."""
    state = survey.state
    found = _Openness(survey)
    closing: dict[str, list[str]] = {}
    for key, item in state.rulesets.items():
        if not _filters(item) or key in unbound:
            continue
        reached = list(chains_from(survey.rules, (key,)))
        if item.default_action == "deny" or any(_denies(survey, chain) for chain in reached):
            closing[key] = reached
    opened: dict[str, list[OpenRule]] = {}
    for chain in dict.fromkeys(chain for reached in closing.values() for chain in reached):
        for index, rule in enumerate(survey.rules[chain]):
            if late():
                raise TooLateError
            one = found.of(chain, index, rule)
            if one is not None:
                opened.setdefault(chain, []).append(one)
    shut = [key for key, reached in closing.items() if _is_shut(survey, key, reached, opened)]
    for chain, listed in opened.items():
        keys = [key for key, reached in closing.items() if chain in reached]
        if not all(any(_comes_through(state, key, other) for other in shut) for key in keys):
            yield from listed
    for hook in _HOOKS:
        whole = _whole_hook(survey, hook)
        if whole is not None:
            yield whole


def _filters(item: Ruleset) -> bool:
    return item.type == "filter" and (not item.hook or item.hook in _HOOKS)


def _is_shut(survey: Survey, key: str, reached: Collection[str], opened: Collection[str]) -> bool:
    """Whether a ruleset of a hook surely denies what its rules don't name, and none of these is open to everybody."""
    if survey.state.rulesets[key].default_action != "deny":
        return False
    return not any(
        chain in opened or any(_is_doubtful(rule) for rule in survey.rules[chain]) for chain in reached
    )


def _is_doubtful(rule: Rule) -> bool:
    return bool(rule.not_understood) or any(verdict.kind == "unknown" for verdict in verdicts(rule))


def _comes_through(state: State, key: str, other: str) -> bool:
    """Whether what a ruleset accepts has to pass another one of its hook as well (nft(8): "accept" ends one base chain,
    and the packet goes on to the next)."""
    one, second = state.rulesets[key], state.rulesets[other]
    return bool(one.hook) and one.hook == second.hook and second.family in ("inet", one.family)


def _denies(survey: Survey, chain: str) -> bool:
    """Whether a rule of a chain may deny something."""
    return any(
        verdict.kind in (*_DENIES, "unknown") for rule in survey.rules[chain] for verdict in verdicts(rule)
    )


def _whole_hook(survey: Survey, hook: str) -> WholeHook | None:
    state = survey.state
    if hook == "forward" and not _forwards(state):
        return None
    mine = [item for item in state.rulesets.values() if item.hook == hook and item.type == "filter"]
    reached = chains_from(survey.rules, [item.key for item in mine])
    if not mine or any(item.default_action == "deny" for item in mine):
        return None
    return None if any(_denies(survey, chain) for chain in reached) else WholeHook(hook, mine[0].key)


def _forwards(state: State) -> bool:
    return any(state.forwarding.values())


class _Openness:
    """Of the rules of one host."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._firewall = survey.firewall
        self._entries: dict[str, FlowSet] = {}
        self._callers: dict[str, list[tuple[str, int]]] = {}
        for chain, rules in survey.rules.items():
            for index, rule in enumerate(rules):
                for target in jumps(rule):
                    self._callers.setdefault(target, []).append((chain, index))
        everything = [
            (what, [flows_from(survey.space, flow).named("family", (name,)) for name in _FAMILIES])
            for what, flow in _WHOLE
        ]
        self._wanted = everything
        self._loopbacks = {
            name for name, one in survey.state.interfaces.items() if one.kind == "loopback"
        } | {"lo"}

    def of(self, chain: str, index: int, rule: Rule) -> OpenRule | None:
        if not isinstance(rule.verdict, Verdict) or rule.verdict.kind != "accept" or _is_narrow(rule.match):
            return None
        accepted = self._firewall.leaving(chain, index) & self._entry(chain)
        anywhere = accepted.forget(*_PLACES)
        what = next(
            (what for what, wanted in self._wanted if any(flows <= anywhere for flows in wanted)), None
        )
        if what is None:
            return None
        wanted = next(listed for name, listed in self._wanted if name == what)
        if any(flows <= accepted for flows in wanted):
            return OpenRule(chain, rule, what, limited=False)
        names = {field: accepted.values(field) for field in _PLACES}
        if any(self._is_loopback(names[field]) for field in _PLACES[:2]):
            return None
        told = tuple(
            f"{_SHORT[field]} {_some(listed)}" for field, listed in names.items() if listed not in ([], ["!"])
        )
        return OpenRule(chain, rule, what, limited=True, interfaces=told)

    def _is_loopback(self, names: list[str]) -> bool:
        return bool(names) and set(names) <= self._loopbacks

    def _entry(self, chain: str) -> FlowSet:
        """What is sent to a chain, whatever earlier rules take away."""
        space, state = self._survey.space, self._survey.state
        if chain in state.rulesets:
            return space.everything
        if chain not in self._entries:
            self._entries[chain] = space.nothing  # for a loop, which the kernel would not load
            found = space.nothing
            for caller, index in self._callers.get(chain, ()):
                found = found | (self._entry(caller) & self._firewall.possible(caller, index))
            self._entries[chain] = found
        return self._entries[chain]


def _is_narrow(match: Match) -> bool:
    """Whether a match surely leaves some address or port out: told from most rules at a glance."""
    if isinstance(match, All):
        return any(map(_is_narrow, match.matches))
    if not isinstance(match, In) or match.field not in _BITS:
        return False
    bits = _BITS[match.field] or WIDTH[match.family]
    return sum(high - low + 1 for low, high in match.ranges) < 1 << bits


# 0: by the family.
_BITS = {"src": 0, "dst": 0, "src_port": 16, "dst_port": 16}
_SHORT = {"in_interface": "in", "out_interface": "out", "in_zone": "from zone", "out_zone": "to zone"}


def _some(names: list[str]) -> str:
    if names[0] == "!":
        return f"not {_some(names[1:])}"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
