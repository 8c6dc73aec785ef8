# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Linux host runs what it would load at boot (``boot`` in the state).

What can load rules is a table: a file, the service that loads it, and who owns the rules. Programs that make
their rules anew when they start (docker, kube-proxy, ...) are left out on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...module_utils.checkpoint.host import AgentError
from ...module_utils.checkpoint.ipset import ipset_canonical, read_ipsets
from ...module_utils.checkpoint.owners import OWNERS, Owned
from ..errors import ParseError
from ..model.raw import RawOutput
from ..model.state import State, unknown_boot
from . import boot_firewalld, boot_rules, managers
from . import outputs as raw
from .boot_rules import Lines
from .boot_units import ABSENT, DISABLED, ENABLED, NOT_KNOWN, Units
from .nft import FAMILIES

SAME, DIFFERS, UNKNOWN = "same", "differs", "unknown"
_HEAD = re.compile(r"^# pathguard (.*)$", re.MULTILINE)
_OWNED = Owned(OWNERS)
# Managers whose rules stay as their configuration has them, and whose way from one to the other is their own.
_NOT_COMPARED = ("fw4", "proxmox", "shorewall", "vyos")

# Who loads a file of iptables: Debian's netfilter-persistent, the others' service of the tool's name.
_LOADERS = {
    "/etc/iptables/rules.v4": "netfilter-persistent",
    "/etc/iptables/rules.v6": "netfilter-persistent",
}
_SAVED_SETS = "the saved ipsets"
_BACKENDS = {
    "iptables": ("iptables", "iptables-legacy"),
    "ip6tables": ("ip6tables", "ip6tables-legacy"),
}


@dataclass(slots=True)
class Source:
    """One thing that is loaded at boot, or a reason why it is not known. ``runs``: whether any of what it
    would load runs now."""

    manager: str
    file: str
    enabled: str
    matches: str
    difference: str = ""
    runs: bool = True

    def verdict(self) -> tuple[str, str]:
        """``(matches, reason)`` of this source's rules: with what boot brings, not only with the file."""
        if self.enabled in (DISABLED, ABSENT):
            if not self.runs:
                return SAME, ""
            if self.matches == SAME:
                state = {ABSENT: "not installed"}.get(self.enabled, self.enabled)
                return DIFFERS, f"{self.file} is not loaded at boot: {self.manager} is {state}"
            return UNKNOWN, f"rules run that no file holds which is known to be loaded ({self.difference})"
        # What runs and differs from its file differs, whether the file is loaded or nothing is.
        if self.enabled == NOT_KNOWN and self.matches != UNKNOWN and (self.matches == SAME) == self.runs:
            return UNKNOWN, f"whether {self.file} is loaded at boot is not known"
        return self.matches, ": ".join(text for text in (self.file, self.difference) if text)

    def to_dict(self) -> dict[str, str]:
        found = {"manager": self.manager, "file": self.file, "enabled": self.enabled, "matches": self.matches}
        return {**found, "difference": self.difference} if self.difference else found


def of(state: State, outputs: Mapping[str, RawOutput]) -> dict[str, Any]:
    """``{matches, reason, sources}``, as schemas/state.schema.json has it."""
    if not state.firewall_known:
        return unknown_boot("the rules that run could not be read")
    if not any(name.startswith(("boot_", "saved_")) for name in outputs):
        return unknown_boot("what is loaded at boot was not gathered")
    sources = _Reader(state, outputs).sources()
    verdicts = [source.verdict() for source in sources]
    worst = next((word for word in (DIFFERS, UNKNOWN) if any(word == one for one, _why in verdicts)), SAME)
    reasons = [why for word, why in verdicts if word == worst != SAME]
    return {
        "matches": worst,
        "reason": "; ".join(dict.fromkeys(reasons)),
        "sources": [source.to_dict() for source in sources],
    }


class _Reader:
    def __init__(self, state: State, outputs: Mapping[str, RawOutput]) -> None:
        self.state = state
        self.outputs = outputs
        self.units = Units.read(outputs)
        # What ufw loads into built-in chains is no rule of the administrator's own files.
        self._ufw_rules: dict[str, list[str]] = {}

    def sources(self) -> list[Source]:
        found = self._ufw() + self._firewalld() + self._others()
        return [
            *self._nft(),
            *self._iptables("iptables"),
            *self._iptables("ip6tables"),
            *self._ipset(),
            *found,
        ]

    def _enabled(self, unit: str, file: str) -> str:
        state = self.units.state(unit)
        call = self.units.calls.get(unit, "")
        # Somebody has made the service load another file, or run a script.
        if state == ENABLED and unit == "nftables" and call and file not in call.split():
            return NOT_KNOWN
        return state

    def _nft(self) -> list[Source]:
        saved, head, why = self._tried("boot_nft")
        file = head.get("file", "")
        mine = {_nft_table(key) for key, item in self.state.rulesets.items() if not item.managed_by}
        mine |= {_nft_table(key) for key, item in self.state.chains.items() if not item.managed_by}
        if not saved:
            runs: Lines = {place: [] for place in mine - {""}}
            return self._compared("nftables", "nftables", file, why, {}, runs)
        try:
            there = boot_rules.nft_tables(saved)
            running = boot_rules.nft_tables(raw.text(self.outputs, "nft_text"))
        except ParseError as error:
            return [Source("nftables", file, self._enabled("nftables", file), UNKNOWN, error.what)]
        why = why or raw.problem(self.outputs, "nft_text", may_be_empty=True)
        shown = {_nft_twin(key) for key in (*self.state.rulesets, *self.state.chains)}
        runs = {place: lines for place, lines in running.items() if place not in shown or place in there}
        return self._compared("nftables", "nftables", file, why, there, runs)

    def _iptables(self, tool: str) -> list[Source]:
        name = f"boot_{tool}"
        saved, head, why = self._tried(name)
        file, backend = head.get("file", ""), head.get("backend", tool)
        unit = _LOADERS.get(file, tool)
        there: Lines = {}
        if not saved and why and not raw.problem(self.outputs, f"saved_{tool}"):
            # A file that iptables-save wrote can be compared as it is.
            saved = raw.text(self.outputs, f"saved_{tool}")
            file = file or f"saved {tool} rules"
        try:
            there = boot_rules.chains_of(boot_rules.saved_tables(saved, backend), backend) if saved else {}
        except ParseError as error:
            why = why or error.what
        runs = {one: self._administrators(one) for one in _BACKENDS[tool]}
        if backend not in runs:
            backend = tool
        merged = {
            **runs.pop(backend),
            **{f"{one}/{key}": item for one in runs for key, item in runs[one].items()},
        }
        if why and there and there == merged:
            why = ""
        return self._compared(unit, unit, file, why, there, merged)

    def _administrators(self, backend: str) -> Lines:
        lines = boot_rules.chains_of(self.state, backend)
        return boot_rules.without(lines, self._ufw_extras(backend))

    def _ipset(self) -> list[Source]:
        why = "" if "saved_ipset" in self.outputs else "not gathered"
        saved = raw.text(self.outputs, "saved_ipset")
        try:
            runs = {
                name: ipset_canonical(one, _OWNED)[0].split("\n")
                for name, one in read_ipsets(raw.text(self.outputs, "ipset")).items()
                if f"ipset/{name}" in self.state.sets and not self.state.sets[f"ipset/{name}"].managed_by
            }
            there = {
                name: ipset_canonical(one, _OWNED)[0].split("\n")
                for name, one in read_ipsets(saved).items()
                if not managers.of_set(name)
            }
        except AgentError as error:
            return [Source("ipset", _SAVED_SETS, NOT_KNOWN, UNKNOWN, error.what)]
        if not saved and not runs:
            return []
        unit = "ipset" if self.units.state("ipset") in (ENABLED, DISABLED) else "netfilter-persistent"
        return self._compared(unit, unit, _SAVED_SETS if saved else "", why, there, runs)

    def _compared(
        self, manager: str, unit: str, file: str, why: str, saved: Lines, runs: Lines
    ) -> list[Source]:
        """Nothing where there is neither a file nor a rule."""
        if not file and not why:
            if not runs:
                return []
            places = ", ".join(sorted(runs)[:3])
            told = f"no file is known that is loaded at boot and holds {places}"
            return [Source(manager, "", NOT_KNOWN, UNKNOWN, told)]
        enabled = self._enabled(unit, file)
        if why:
            return [Source(manager, file, enabled, UNKNOWN, why, bool(runs))]
        found = boot_rules.difference(saved, runs)
        return [Source(manager, file, enabled, DIFFERS if found else SAME, found, bool(runs))]

    def _tried(self, name: str) -> tuple[str, dict[str, str], str]:
        """What a scratch namespace showed: ``(text, its first line's words, why it is not known)``."""
        output = self.outputs.get(name)
        if output is None:
            return "", {}, "not gathered"
        head = _words(output.stdout)
        if output.absent:
            return "", head, ""
        why = raw.problem(self.outputs, name)
        return ("" if why else output.stdout), head, why

    def _ufw_extras(self, backend: str) -> list[str]:
        """Rules of ufw's files that have no mark of ufw's: those in built-in chains."""
        if backend not in self._ufw_rules:
            self._ufw_rules[backend] = []
            for name in ("boot_ufw", "boot_ufw6"):
                text, head, why = self._tried(name)
                if head.get("backend") == backend and text and not why:
                    try:
                        saved = boot_rules.saved_tables(text, backend)
                    except ParseError:
                        continue  # said where ufw's own rules are compared
                    lines = boot_rules.chains_of(saved, backend)
                    self._ufw_rules[backend] += [line for rules in lines.values() for line in rules]
        return self._ufw_rules[backend]

    def _ufw(self) -> list[Source]:
        found = []
        for name, tool in (("boot_ufw", "iptables"), ("boot_ufw6", "ip6tables")):
            text, head, why = self._tried(name)
            if not head:
                continue
            backend = head.get("backend", tool)
            runs = boot_rules.chains_of(self.state, backend, "ufw")
            enabled = self._enabled("ufw", "")
            if head.get("enabled") != "yes":
                enabled = DISABLED
            if head.get("hooks") == "yes":
                why = why or "/etc/ufw/before.init or after.init runs commands of its own"
            there: Lines = {}
            if not why:
                try:
                    saved = boot_rules.saved_tables(text, backend)
                    there = boot_rules.chains_of(saved, backend, "ufw")
                except ParseError as error:
                    why = error.what
            found += self._extra(head, enabled, why, there, runs, backend)
        return found

    def _extra(
        self, head: Mapping[str, str], enabled: str, why: str, saved: Lines, runs: Lines, backend: str
    ) -> list[Source]:
        if not runs and (enabled in (DISABLED, ABSENT) or head.get("enabled") != "yes"):
            return []
        file = head["file"]
        if why:
            return [Source("ufw", file, enabled, UNKNOWN, why, bool(runs))]
        told = boot_rules.difference(saved, runs)
        if not told:
            here = [line for rules in boot_rules.chains_of(self.state, backend).values() for line in rules]
            lost = [line for line in self._ufw_extras(backend) if line not in here]
            told = f"saved {lost[0]}" if lost else ""
        return [Source("ufw", file, enabled, DIFFERS if told else SAME, told, bool(runs))]

    def _firewalld(self) -> list[Source]:
        text, head, why = self._tried("boot_firewalld")
        runs = any(item.managed_by == "firewalld" for item in self.state.rulesets.values())
        if not head:
            if not runs:
                return []
            head, why = {"running": "yes"}, why or "firewall-cmd is not installed"
        enabled = self._enabled("firewalld", "")
        file = "/etc/firewalld"
        if head.get("running") != "yes":
            if not runs and enabled in (DISABLED, ABSENT):
                return []
            told = "firewalld does not run"
            return [
                Source("firewalld", file, enabled, DIFFERS if enabled == ENABLED else UNKNOWN, told, runs)
            ]
        if why:
            return [Source("firewalld", file, enabled, UNKNOWN, why)]
        matches, told = boot_firewalld.compare(text, head.get("default", ""))
        return [Source("firewalld", file, enabled, matches, told)]

    def _others(self) -> list[Source]:
        owners = {item.managed_by for item in self.state.rulesets.values()}
        owners |= {item.managed_by for item in self.state.chains.values()}
        return [
            Source(
                name,
                "",
                self.units.state(name),
                UNKNOWN,
                f"how {name} makes its rules at boot is not followed",
            )
            for name in _NOT_COMPARED
            if name in owners
        ]


def _nft_table(key: str) -> str:
    """The table of a chain of nft's own; empty for one of iptables."""
    family, _slash, rest = key.partition("/")
    return f"{family}/{rest.split('/')[0]}" if family in FAMILIES else ""


def _nft_twin(key: str) -> str:
    """The table of nft (``ip/filter``) in which a chain of iptables-nft stands; empty for other chains."""
    backend, _slash, rest = key.partition("/")
    family = {"iptables": "ip", "ip6tables": "ip6"}.get(backend, "")
    return f"{family}/{rest.split('/')[0]}" if family else ""


def _words(text: str) -> dict[str, str]:
    """``# pathguard file=/etc/nftables.conf backend=iptables`` -> by name; nothing where there is no such line."""
    head = _HEAD.search(text)
    return dict(word.partition("=")[::2] for word in head[1].split()) if head else {}
