# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as plain data (schemas/report.schema.json): paths, findings, hosts, what changed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..analyse.network import Network
from ..model.fields import PROTOCOL_NAMES
from ..model.state import State
from .listening import listeners_known, nobody_listens
from .path_report import broken, path_entry
from .paths import Policy
from .persistence import DIFFERS
from .prove import NO, NOT_KNOWN, YES, Proof
from .remedy import Remedies
from .too_big import BLOCKED, PASS, sentence
from .vocabulary import Breach

Entry = dict[str, Any]
FORMAT = 1
_MOST_OF_A_KIND = 20  # findings of one kind for one host; the rest is counted
_MOST_CHANGES = 200  # of one host; snapshots hold all


class ReportBuilder:
    """Puts the pieces of one validation together."""

    def __init__(
        self,
        policy: Policy,
        network: Network,
        today: datetime.date,
        moved: Mapping[str, list[Entry]] | None = None,
        siblings: Sequence[Entry] = (),
    ) -> None:
        """``moved``: path -> its names that have moved since the baseline. ``siblings``: what was found of each set."""
        self.policy = policy
        self.network = network
        self.today = today
        self.moved = moved or {}
        self.siblings = list(siblings)
        self.findings: list[Entry] = []
        self._found: set[frozenset[tuple[str, str]]] = set()

    def finding(self, kind: str, severity: str, message: str, **where: str) -> None:
        entry = {"kind": kind, "severity": severity, "message": message, **where}
        key = frozenset(entry.items())
        if key not in self._found:
            self._found.add(key)
            self.findings.append(entry)

    def build(
        self,
        proofs: Sequence[Proof],
        breaches: Iterable[Breach],
        remedies: Remedies | None,
        before: Mapping[str, Proof],
        snapshots: Mapping[str, str],
    ) -> Entry:
        paths = [
            path_entry(proof, self.network, remedies, before.get(proof.path.name), self.today)
            for proof in proofs
        ]
        for entry in paths:
            entry["names_moved"] = self.moved.get(entry["name"], [])
        self._configuration(breaches)
        self._siblings()
        for proof, entry in zip(proofs, paths):
            self._about_path(proof, entry)
        hosts = {
            name: self._host(state, snapshots.get(name))
            for name, state in sorted(self.network.states.items())
        }
        changes, left_out = _changes(remedies, hosts)
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        return {
            "format": FORMAT,
            "generated_at": now.isoformat().replace("+00:00", "Z"),
            "policy": {"name": self.policy.name, "title": self.policy.title},
            "summary": self._summary(paths, len(hosts)),
            "paths": paths,
            "siblings": self.siblings,
            "findings": self.findings,
            "hosts": hosts,
            "baseline": remedies is not None,
            "rule_changes": changes,
            "rule_changes_left_out": left_out,
        }

    def _summary(self, paths: Sequence[Entry], hosts: int) -> Entry:
        configuration = [item for item in self.findings if item["kind"] == "configuration"]
        violations = sum(broken(entry) for entry in paths) + len(configuration)
        return {
            "verdict": "fail" if violations else "pass",
            "paths": len(paths),
            "status": _count(paths, "status", ("open", "partial", "blocked", "unknown")),
            "satisfied": _count(paths, "satisfied", ("yes", "no", "unknown")),
            "configuration": len(configuration),
            "violations": violations,
            "waived": sum(entry["waived"] for entry in paths),
            "hosts": hosts,
        }

    def _configuration(self, breaches: Iterable[Breach]) -> None:
        for breach in breaches:
            if not breach.path:
                severity = "high" if breach.satisfied == "no" else "medium"
                self.finding(
                    "configuration",
                    severity,
                    f"{breach.message}{self._why(breach.at)}",
                    where=breach.where,
                    at=breach.at,
                    satisfied=breach.satisfied,
                )

    def _siblings(self) -> None:
        for item in self.siblings:
            severity = "high" if item["satisfied"] == NO else "medium"
            for message in item["messages"]:
                text = f"{item['name']} must decide alike: {message}"
                where = {"where": item["where"], "at": "$.hosts", "satisfied": item["satisfied"]}
                self.finding("configuration", severity, text, **where)

    def _why(self, at: str) -> str:
        """What a state itself says about the fact at this place."""
        for name, state in self.network.states.items():
            if (
                at in (f"$.hosts.{name}.boot.matches", f"$.hosts['{name}'].boot.matches")
                and state.boot["reason"]
            ):
                return f", and it is {state.boot['matches']!r}: {state.boot['reason']}"
        return ""

    def _about_path(self, proof: Proof, entry: Entry) -> None:
        path = proof.path
        if path.waiver is not None and not path.waiver.active(self.today):
            self.finding(
                "waiver_expired",
                "medium",
                f"the waiver expired on {path.waiver.expires} and counts no more",
                path=path.name,
            )
        elif path.waiver is not None:
            used = "accepts a violation" if entry["waived"] else "is not needed now"
            self.finding(
                "waiver",
                "info",
                f"the waiver until {path.waiver.expires} {used}: {path.waiver.reason}",
                path=path.name,
            )
        for assumption in entry["assumptions"]:
            self.finding(
                "assumption", "info", f"{assumption['name']}: {assumption['meaning']}", path=path.name
            )
        for item in entry["names_moved"]:
            severity = "high" if item["cause"] else "low" if entry["satisfied"] == "yes" else "medium"
            self.finding("dns_moved", severity, item["message"], path=path.name)
        for note in proof.ends.notes:
            self.finding("choice", "info", f"{note}; an endpoint's addresses choose others", path=path.name)
        if proof.missed and path.required:
            passed = ", ".join(path.via)
            pairs = proof.missed.pairs()
            message = f"{pairs} {'pair does' if pairs == 1 else 'pairs do'} not pass {passed}"
            self.finding("via", "high", message, path=path.name)
        if entry["too_big"] is not None and entry["too_big"]["errors"] != PASS:
            severity = "medium" if entry["too_big"]["errors"] == BLOCKED else "info"
            self.finding("too_big", severity, sentence(entry["too_big"]), path=path.name)
        for item in proof.unsaved:
            severity = "high" if item.matches == DIFFERS else "medium"
            self.finding("persistent", severity, item.text(), path=path.name)
        if path.standby and entry["satisfied"] != YES:
            surely = "would not surely work" if entry["satisfied"] == NOT_KNOWN else "would not work"
            message = f"a failover {surely}: this path, which it needs, is {entry['status']}{_decider(entry)}"
            self.finding("standby", "high", message, path=path.name)
        if path.required:
            self._listeners(proof)
            self._far_ends(proof)

    def _far_ends(self, proof: Proof) -> None:
        outside = [one for reached in proof.reached for one in reached.deliveries if one.end is None]
        if outside:
            message = "the far end is not gathered: its own firewall is not part of the proof"
            self.finding("far_end", "info", message, path=proof.path.name)

    def _listeners(self, proof: Proof) -> None:
        """A port that nobody listens on is open by rules, and a client is refused."""
        for host, addresses in proof.ends.destinations.items():
            state = self.network.states[host]
            if not listeners_known(state):
                continue
            for service in proof.path.services:
                protocol = PROTOCOL_NAMES.get(service.protocol or 0, "")
                if protocol not in ("tcp", "udp") or service.ports is None:
                    continue
                for family, address in sorted(addresses):
                    message = nobody_listens(state, protocol, service.ports, family, address)
                    if message:
                        self.finding(
                            "listener",
                            "medium",
                            f"open by rules, but {message}",
                            host=host,
                            path=proof.path.name,
                        )

    def _host(self, state: State, snapshot: str | None) -> Entry:
        if state.boot["matches"] == DIFFERS:
            message = f"what boot would load is not what runs: {state.boot['reason']}"
            self.finding("boot", "low", message, host=state.host)
        for kind, items, message in (
            ("not_understood", state.not_understood, "{where}: {reason}"),
            ("unreadable", state.unreadable, "{what}: {reason}"),
        ):
            for item in items[:_MOST_OF_A_KIND]:
                self.finding(
                    kind,
                    "low" if kind == "not_understood" else "medium",
                    message.format(**item),
                    host=state.host,
                )
            if len(items) > _MOST_OF_A_KIND:
                self.finding(kind, "low", f"{len(items) - _MOST_OF_A_KIND} more", host=state.host)
        return {
            "platform": state.platform,
            "snapshot": snapshot,
            "fingerprint": dict(state.fingerprint),
            "rulesets": {key: len(ruleset.rules) for key, ruleset in state.rulesets.items()},
            "firewall_known": state.firewall_known,
            "not_understood": len(state.not_understood),
            "unreadable": len(state.unreadable),
        }


def _changes(
    remedies: Remedies | None, hosts: Iterable[str]
) -> tuple[dict[str, list[Entry]], dict[str, int]]:
    """What changed in the rules by host, and how many more changes there are than a report holds."""
    found = {name: remedies.changes(name) for name in hosts} if remedies is not None else {}
    shown = {name: changes[:_MOST_CHANGES] for name, changes in found.items() if changes}
    return shown, {
        name: len(changes) - _MOST_CHANGES for name, changes in found.items() if len(changes) > _MOST_CHANGES
    }


def _decider(entry: Entry) -> str:
    """Who decides: mostly, no rule names the standby's address, and a default action denies."""
    for decision in entry["deciding"]:
        if decision["rules"]:
            rule = decision["rules"][-1]
            return f" ({decision['host']}, {rule['chain']}: {rule['text']})"
        if decision["reason"]:
            return f" ({decision['reason']})"
    return ""


def _count(paths: Sequence[Entry], key: str, names: Sequence[str]) -> dict[str, int]:
    return {name: sum(entry[key] == name for entry in paths) for name in names}
