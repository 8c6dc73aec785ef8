# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Linux host runs what it would load at boot (``boot`` in the state).

What can load rules is a table: a file, the service that loads it, and who owns the rules. Programs that make
their rules anew when they start (docker, kube-proxy, ...) are left out on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils.checkpoint.host import AgentError
from ...module_utils.checkpoint.ipset import ipset_canonical, read_ipsets
from ...module_utils.checkpoint.owners import OWNERS, Owned
from ..errors import ParseError
from ..model.raw import RawOutput
from ..model.state import State, unknown_boot
from . import boot_firewalld, boot_rules, boot_ufw, managers
from . import outputs as raw
from .boot_rules import Lines
from .boot_source import DIFFERS, SAME, UNKNOWN, Source
from .boot_units import ABSENT, DISABLED, ENABLED, NOT_KNOWN, Units, tried
from .nft import FAMILIES

_OWNED = Owned(OWNERS)
# Managers whose rules stay as their configuration has them, and whose way from one to the other is their own.
_NOT_COMPARED = ("fw4", "proxmox", "shorewall", "vyos")

# Who loads a file of iptables: Debian's netfilter-persistent, the others' service of the tool's name.
_LOADERS = {
    "/etc/iptables/rules.v4": "netfilter-persistent",
    "/etc/iptables/rules.v6": "netfilter-persistent",
}
_SAVED_SETS = "the file of saved ipsets"
_BACKENDS = {
    "iptables": ("iptables", "iptables-legacy"),
    "ip6tables": ("ip6tables", "ip6tables-legacy"),
}


def of(state: State, outputs: Mapping[str, RawOutput]) -> dict[str, Any]:
    """``{matches, reason, sources}``, as schemas/state.schema.json has it."""
    if not state.firewall_known:
        return unknown_boot("the rules that run could not be read")
    if not any(name.startswith(("boot_", "saved_")) for name in outputs):
        return unknown_boot("what is loaded at boot was not gathered")
    sources = _Reader(state, outputs).sources()
    kept = any(source.keeps for source in sources)
    verdicts = [source.verdict(kept) for source in sources]
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

    def sources(self) -> list[Source]:
        return [
            *self._nft(),
            *self._iptables("iptables"),
            *self._iptables("ip6tables"),
            *self._ipset(),
            *self._ufw(),
            *self._firewalld(),
            *self._others(),
        ]

    def _enabled(self, unit: str, file: str) -> str:
        state = self.units.state(unit)
        call = self.units.calls.get(unit, "")
        # Somebody has made the service load another file, or run a script.
        if state == ENABLED and unit == "nftables" and call and file not in call.split():
            return NOT_KNOWN
        return state

    def _nft(self) -> list[Source]:
        saved, head, why = tried(self.outputs, "boot_nft")
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
        saved, head, why = tried(self.outputs, name)
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
        runs = {one: boot_rules.chains_of(self.state, one) for one in _BACKENDS[tool]}
        if backend not in runs:
            backend = tool
        merged = {
            **runs.pop(backend),
            **{f"{one}/{key}": item for one in runs for key, item in runs[one].items()},
        }
        if why and there and there == merged:
            why = ""
        return self._compared(unit, unit, file, why, there, merged)

    def _ipset(self) -> list[Source]:
        why = "" if "saved_ipset" in self.outputs else "not gathered"
        saved = raw.text(self.outputs, "saved_ipset")
        others = {key for key, named in self.state.sets.items() if named.managed_by}
        try:
            runs = {
                name: ipset_canonical(one, _OWNED)[0].split("\n")
                for name, one in read_ipsets(raw.text(self.outputs, "ipset")).items()
                if f"ipset/{name}" in self.state.sets.keys() - others
            }
            there = {
                name: ipset_canonical(one, _OWNED)[0].split("\n")
                for name, one in read_ipsets(saved).items()
                if not managers.of_set(name) and f"ipset/{name}" not in others
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
            return [Source(manager, "", NOT_KNOWN, UNKNOWN, told, nowhere=True)]
        enabled = self._enabled(unit, file)
        if why:
            return [Source(manager, file, enabled, UNKNOWN, why, bool(runs))]
        found = boot_rules.difference(saved, runs)
        return [Source(manager, file, enabled, DIFFERS if found else SAME, found, bool(runs))]

    def _ufw(self) -> list[Source]:
        found = []
        for name, tool in (("boot_ufw", "iptables"), ("boot_ufw6", "ip6tables")):
            text, head, why = tried(self.outputs, name)
            if not head:
                continue
            backend = head.get("backend", tool)
            runs = boot_rules.chains_of(self.state, backend, "ufw")
            enabled = self._enabled("ufw", "")
            if head.get("enabled") != "yes":
                enabled, runs = DISABLED, boot_rules.without_idle_jumps(runs)
                if not runs:
                    continue
            if head.get("hooks") == "yes":
                why = why or "/etc/ufw/before.init or after.init runs commands of its own"
            told = ""
            if not why:
                try:
                    told = boot_rules.difference(boot_ufw.rules(text, backend), runs)
                except ParseError as error:
                    why = error.what
            if runs or enabled not in (DISABLED, ABSENT):
                matches = UNKNOWN if why else DIFFERS if told else SAME
                found.append(Source("ufw", head["file"], enabled, matches, why or told, bool(runs), own=True))
        return found

    def _firewalld(self) -> list[Source]:
        text, head, why = tried(self.outputs, "boot_firewalld")
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
            matches, told = DIFFERS if enabled == ENABLED else UNKNOWN, "firewalld does not run"
        elif why:
            matches, told, runs = UNKNOWN, why, True
        else:
            matches, told = boot_firewalld.compare(text, head)
            beyond = boot_firewalld.beyond_files(self.state)
            matches, told, runs = (DIFFERS, beyond, True) if beyond else (matches, told, True)
        return [Source("firewalld", file, enabled, matches, told, runs, own=True)]

    def _others(self) -> list[Source]:
        owners = {item.managed_by for item in self.state.rulesets.values()}
        owners |= {item.managed_by for item in self.state.chains.values()}
        told = "how {} makes its rules at boot is not followed"
        return [
            Source(name, "", self.units.state(name), UNKNOWN, told.format(name), own=True)
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
