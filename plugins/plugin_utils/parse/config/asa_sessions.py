# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of open connections on Cisco ASA, and what service policies do besides inspecting.

Sources: Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules": for TCP, UDP and SCTP no rule is needed for
what returns; "for connectionless protocols such as ICMP, the ASA establishes unidirectional sessions", so that answers
need a rule of their own or the inspection of ICMP. "Connection Settings", on TCP state bypass: packets of these
connections are not looked up in the table of connections. Syslog message 106015: a TCP packet that belongs to no
connection, and opens none, is dropped. "ASA FirePOWER (SFR) Module": the module may drop what it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...model.match import Match, Named, Not, Unknown, both, protocol
from ...model.rules import ACCEPT, DROP, Rule, Verdict
from . import asks
from .blocks import Line, starting

NEW = Named("connection", ("new",))
_OPEN = Named("connection", ("established", "related"))
_MESSAGES = protocol(1, 58)
_DEFAULT_TRAFFIC = ("match", "default-inspection-traffic")
_EVERYTHING = ("match", "any")
# Modules that look into packets, and may drop any; and limits: words of a line, how many connections are concerned.
_MODULES = ("sfr", "cxsc", "ips", "csc", "police")
_LIMITS = ("conn-max", "per-client-max")
_BYPASS = "tcp-state-bypass"


@dataclass
class Policies:
    """``icmp``, ``errors``: whether ICMP, and errors of it, are inspected; None: of some packets, or not known.
    ``bypass``: whether TCP state is bypassed for some. ``judging``: lines by which something else decides."""

    icmp: bool | None = False
    errors: bool | None = False
    bypass: bool = False
    judging: list[Line] = field(default_factory=list)


def policies(config: list[Line], *, whole: bool) -> Policies:
    """Those in force. ``whole``: the text is all of a configuration, so that what it does not say is not so."""
    bound = [line.words for line in starting(config, "service-policy") if len(line.words) > 2]
    found = Policies() if whole else Policies(None, None)
    every = {tuple(line.words[1:2]): line for line in starting(config, "class-map")}
    for line in starting(config, "policy-map"):
        where = [words[2] for words in bound if words[1] == line.words[-1]]
        if not where or "type" in line.words:
            continue
        wide = False
        for one in line.children:
            if one.words[0] == "class":
                matched = every.get(tuple(one.words[1:2]))
                wide = "global" in where and _is_wide(one.words[1:], matched)
            for action in one.children if one.words[0] == "class" else [one]:
                _action(action, found, wide)
    return found


def _is_wide(name: list[str], matched: Line | None) -> bool:
    """Whether a class has all packets that an inspection can be of."""
    if matched is None:
        return name in (["inspection_default"], ["class-default"])
    asked = [tuple(one.words) for one in matched.children]
    return _DEFAULT_TRAFFIC in asked or _EVERYTHING in asked


def _action(line: Line, found: Policies, wide: bool) -> None:
    words = line.words
    if words[:2] == ["inspect", "icmp"]:
        now = True if wide else None
        if words[2:] == ["error"]:
            found.errors = now if found.errors is not True else True
        else:
            found.icmp = now if found.icmp is not True else True
    elif _BYPASS in words:
        found.bypass = True
    elif words[0] in _MODULES:
        if "monitor-only" not in words:
            found.judging.append(line)
    elif words[:2] == ["set", "connection"] and any(
        word in _LIMITS and words[at + 1 : at + 2] != ["0"] for at, word in enumerate(words)
    ):
        found.judging.append(line)


def rules(found: Policies) -> list[Rule]:
    """What comes before any list."""
    listed: list[Rule] = []

    def add(asked: Match, verdict: Verdict, said: str, why: str = "") -> None:
        not_understood = (why,) if why else ()
        listed.append(Rule(len(listed) + 1, asked, verdict, said, not_understood=not_understood))

    if found.bypass:
        why = f"{_BYPASS}: these packets may be taken for ones of a new connection"
        add(both(asks.TCP, Not(NEW)), Verdict("unknown", detail=why), _BYPASS, why)
    add(both(_OPEN, Not(_MESSAGES)), ACCEPT, "packets of open connections pass (session table)")
    # What is not inspected meets the lists; of errors about open connections the guide does not say so.
    for state, inspected, what in (
        ("established", found.icmp, "answers"),
        ("related", found.errors or None, "errors"),
    ):
        asked = both(Named("connection", (state,)), _MESSAGES)
        if inspected:
            add(asked, ACCEPT, f"inspect icmp: {what} pass")
        elif inspected is None:
            why = f"whether {what} of ICMP pass by themselves is not known"
            add(both(asked, Unknown(f"inspect icmp {what}", why)), ACCEPT, f"inspect icmp: {what}")
    lost = "TCP packets that belong to no connection, and open none, are dropped"
    add(both(asks.TCP, Named("connection", ("invalid",))), DROP, lost)
    for line in found.judging:
        why = f"what {line.text!r} lets pass is not known"
        add(both(NEW, Unknown(line.text, why)), DROP, line.text, why)
    return listed
