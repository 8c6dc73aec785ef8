# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of faults, ``lab/scenarios/faults/catalogue.yml``, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from lab.pathguard_lab import topology

FOLDER = Path(__file__).resolve().parent.parent.parent / "lab" / "scenarios" / "faults"


@dataclass(frozen=True)
class Fault:
    """One entry; the catalogue's head says what the keys are. ``cut``: family -> names of app hosts."""

    id: str
    name: str
    tasks: str
    network: str
    host: str
    symptom: str
    path: str
    status: str
    cause: str
    cure: str
    decision: str
    before: str = ""
    policy: str = "../policy.yml"
    ports: str = ""
    disagreement: Sequence[str] = ()
    cut: Mapping[str, list[str]] = field(default_factory=dict)

    def sources(self) -> list[str]:
        """The addresses that are cut off, IPv4 first."""
        return [
            str(topology.APP.address4(number) if family == "ipv4" else topology.APP.address6(number))
            for family in ("ipv4", "ipv6")
            for host in self.cut.get(family, ())
            for number in (topology.HOSTS[host].numbers["app0"],)
        ]

    @property
    def policy_file(self) -> Path:
        """Policies lie in policies/, but for the lab's own."""
        return (
            (FOLDER / "policies" / self.policy).resolve() if self.policy[0] != "." else FOLDER / self.policy
        )


def faults() -> list[Fault]:
    document = yaml.safe_load((FOLDER / "catalogue.yml").read_text(encoding="utf-8"))
    return [Fault(**entry) for entry in document["faults"]]
