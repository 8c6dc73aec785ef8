# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What firewalld puts into tables beside its own: direct rules, which iptables loads, and the ipsets for them
(firewalld.direct(5)). They bear no mark; firewalld itself tells them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from ..errors import ParseError
from ..model.raw import RawOutput
from ..model.rules import Chain, Rule, Ruleset
from ..model.state import State
from . import iptables
from .boot_firewalld import parts_of
from .boot_units import tried
from .host_facts import HostFacts
from .ipset import IpSet

_BACKENDS = {"ipv4": ("iptables", "iptables-legacy"), "ipv6": ("ip6tables", "ip6tables-legacy")}
_APPENDS = ("-A", "--append", "-I", "--insert")
_QUOTED = re.compile(r"[\s\"'\\]")


class _Direct(NamedTuple):
    """``rule``: for iptables-restore."""

    family: str
    table: str
    chain: str
    rule: str


def mark(state: State, outputs: Mapping[str, RawOutput], facts: HostFacts, sets: Mapping[str, IpSet]) -> None:
    """Whatever of ``state`` firewalld says that it runs, and nobody has marked."""
    text, _head, why = tried(outputs, "boot_firewalld")
    for scope, part, lines in () if why else parts_of(text):
        named = state.sets.get(f"ipset/{part.removeprefix('ipset-')}")
        if scope != "runtime":
            continue
        if part.startswith("ipset-") and named is not None:
            named.managed_by = "firewalld"
        for line in lines if part in _READERS else ():
            direct = _READERS[part](line)
            if direct is not None:
                for backend in _BACKENDS.get(direct.family, ()):
                    _claim(state, backend, direct, facts, sets)


def _direct_rule(line: str) -> _Direct | None:
    """``ipv4 filter INPUT 0 -s 192.0.2.1 -j DROP``: the number is a priority."""
    words = _split(line)
    if len(words) < 5:
        return None
    family, table, chain = words[:3]
    return _Direct(family, table, chain, _rule(chain, words[4:]))


def _passed_through(line: str) -> _Direct | None:
    """``ipv4 -t nat -I POSTROUTING 1 -j ACCEPT``; nothing for what adds no rule."""
    words = _split(line)
    table = "filter"
    if words[1:2] in (["-t"], ["--table"]) and len(words) > 2:
        table = words.pop(2)
        del words[1]
    if len(words) < 4 or words[1] not in _APPENDS:
        return None
    at = 4 if words[3].isdigit() else 3
    return _Direct(words[0], table, words[2], _rule(words[2], words[at:]))


_READERS = {"direct-rules": _direct_rule, "direct-passthroughs": _passed_through}


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _rule(chain: str, words: list[str]) -> str:
    escaped = (
        word.replace("\\", "\\\\").replace('"', '\\"') if _QUOTED.search(word) else word for word in words
    )
    return " ".join(["-A", chain, *(f'"{word}"' if _QUOTED.search(word) else word for word in escaped)])


def _claim(state: State, backend: str, direct: _Direct, facts: HostFacts, sets: Mapping[str, IpSet]) -> None:
    """Mark the first rule of nobody's that means the same: iptables-save has other words than firewalld."""
    place = f"{backend}/{direct.table}/"
    chain: Chain | Ruleset | None = state.rulesets.get(place + direct.chain) or state.chains.get(
        place + direct.chain
    )
    wanted = _read(state, place, direct, facts, sets)
    if chain is None or wanted is None:
        return
    for rule in chain.rules:
        if not rule.managed_by and _meaning(rule) == _meaning(wanted):
            chain.rules[:] = [
                replace(one, managed_by="firewalld") if one.position == rule.position else one
                for one in chain.rules
            ]
            return


def _read(
    state: State, place: str, direct: _Direct, facts: HostFacts, sets: Mapping[str, IpSet]
) -> Rule | None:
    """The rule as the host's own iptables-save would be read."""
    names = [key.removeprefix(place) for key in {**state.rulesets, **state.chains} if key.startswith(place)]
    lines = [f"*{direct.table}", *(f":{name} - [0:0]" for name in names), direct.rule, "COMMIT", ""]
    try:
        found = iptables.parse("\n".join(lines), place.split("/")[0], facts, sets).chains.get(
            place + direct.chain
        )
    except ParseError:
        return None
    return found.rules[0] if found is not None and found.rules else None


def _meaning(rule: Rule) -> tuple[object, ...]:
    return rule.match, rule.verdict, rule.effects
