# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From facts of Ansible's resource modules to a state.

The facts are written as the lines of a configuration that they were made of, and read by the platform's own parser,
so that both mean the same. Facts say less than a configuration: what they lack is in the state's ``unreadable`` and
``not_understood``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import ParseError
from ..model.match import ALWAYS
from ..model.raw import RawOutput
from ..model.rules import Rule, Ruleset, Verdict
from ..model.state import State
from . import fingerprint, parse_platform
from .config import facts_asa, facts_cisco, facts_doubts, facts_junos, facts_vyos
from .config.facts_reader import Facts, listed, malformed

ACLS, BINDINGS, GROUPS = "acls", "acl_interfaces", "object_groups"
# Names by which collections call the same.
_SAME = {
    "ogs": GROUPS,
    "firewall_rules": ACLS,
    "firewall_interfaces": BINDINGS,
    "firewall_global": GROUPS,
}
_WRAPPERS = ("ansible_facts", "ansible_network_resources", "network_resources")
_WHERE = "the facts"
_LESS = "the facts of resource modules do not carry them: read the configuration"
_DROPPED = "the module drops without a word: {}; what is decided here holds for what the facts say"
_NO_BINDINGS = "the facts do not say at which interfaces the lists are"


def _lists(platform: str) -> Callable[[Mapping[str, Any]], Iterator[str]]:
    def lines(facts: Mapping[str, Any]) -> Iterator[str]:
        lists = facts_cisco.Lists(platform)
        yield from lists.acls(listed(facts.get(ACLS), ACLS))
        yield from lists.bindings(listed(facts.get(BINDINGS), BINDINGS))
        yield from lists.missing()

    return lines


_WRITERS: dict[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    **{platform: _lists(platform) for platform in facts_cisco.STYLES},
    "cisco_asa": facts_asa.lines,
    "juniper_junos": facts_junos.lines,
    "vyos": facts_vyos.lines,
}
# Which of the facts a platform's collection has.
_USED = {
    **dict.fromkeys(facts_cisco.STYLES, (ACLS, BINDINGS)),
    "cisco_asa": (ACLS, GROUPS),
    "juniper_junos": (ACLS, BINDINGS),
    "vyos": (ACLS, BINDINGS, GROUPS),
}


def state_from_facts(platform: str, host: str, facts: Any) -> State:
    """ParseError for what are no such facts, or a platform that has none."""
    writer = _WRITERS.get(platform)
    if writer is None:
        raise ParseError(
            f"there are no facts of access lists for the platform {platform!r}",
            host,
            f"use one of: {', '.join(sorted(_WRITERS))}",
        )
    given, others = _unwrapped(facts)
    lines = list(writer({name: given.get(name) for name in _USED[platform]}))
    text = "\n".join((*lines, ""))
    output = RawOutput("running_config", "facts of resource modules", None, text or "\n")
    state = parse_platform(platform, host, {"running_config": output})
    facts_doubts.add(state)
    _lost(state, platform, given, others)
    return state


def _unwrapped(facts: Any) -> tuple[dict[str, Any], list[str]]:
    """The facts by their names here, and the names of others."""
    found = Facts(facts, _WHERE)
    for wrapper in _WRAPPERS:
        if found.peek(wrapper) is not None:
            return _unwrapped(facts[wrapper])
    given: dict[str, Any] = {}
    others = []
    for key, value in facts.items():
        name = _SAME.get(str(key), str(key))
        if name in (ACLS, BINDINGS, GROUPS):
            given[name] = value
        else:
            others.append(str(key))
    if not given:
        raise malformed(f"there are neither {ACLS} nor {BINDINGS} nor {GROUPS} in them", _WHERE)
    return given, others


def _lost(state: State, platform: str, given: Mapping[str, Any], others: list[str]) -> None:
    def lacks(what: str, reason: str) -> None:
        state.unreadable.append({"what": what, "reason": reason})

    for what in ("routes", "addresses", "zones", "NAT"):
        lacks(what, _LESS)
    for name in _USED[platform]:
        if given.get(name) is None:
            lacks(name, "they are not among the facts")
    state.not_understood.append(
        {"where": _WHERE, "text": "", "reason": _DROPPED.format(facts_doubts.LOST[platform])}
    )
    for name in (name for name in given if name not in _USED[platform]):
        state.not_understood.append(
            {"where": _WHERE, "text": name, "reason": f"facts of this form are not known for {platform}"}
        )
    for name in others:
        state.not_understood.append({"where": _WHERE, "text": name, "reason": "these facts are not used"})
    if given.get(BINDINGS) is None:
        rule = Rule(
            1, ALWAYS, Verdict("unknown", detail=_NO_BINDINGS), _NO_BINDINGS, not_understood=(_NO_BINDINGS,)
        )
        for hook in ("prerouting", "postrouting"):
            key = f"not in the facts/{hook}"
            state.rulesets[key] = Ruleset(key, platform, "inet", hook, 0, "permit", rules=[rule])
    state.fingerprint = fingerprint.of(state)
