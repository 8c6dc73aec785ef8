# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of faults, ``lab/scenarios/faults/catalogue.yml``, as plain data."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from .. import topology
from ..errors import LabError

FOLDER = Path(__file__).resolve().parent.parent.parent / "scenarios" / "faults"
# Less alike than this is no slip of the fingers.
ALIKE = 0.6


@dataclass(frozen=True)
class Fault:
    """One entry; the catalogue's head says what the keys are. ``cut``: family -> names of app hosts. ``said``: from
    said.yml."""

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
    diagnosed: str = ""
    said: Sequence[str] = ()

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

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts on which the cause can be seen: one, or all of a group."""
        group = tuple(name for name, host in topology.HOSTS.items() if self.host in host.groups)
        return group or (self.host,)


@functools.cache
def _read() -> tuple[Fault, ...]:
    document, said = (
        yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) for name in ("catalogue.yml", "said.yml")
    )
    return tuple(Fault(**entry, said=said.get(entry["id"], ())) for entry in document["faults"])


def faults() -> list[Fault]:
    return list(_read())


def chosen(words: str, known: Sequence[Fault] | None = None) -> list[Fault]:
    """The faults that ``words`` name, separated by commas, in their order: by id ("03a"), by number ("3": each of its
    forms), by a piece of the name ("ipset"), or ``all``. LabError for a word that names none."""
    found: dict[str, Fault] = {}
    known = list(known or faults())
    for word in filter(None, (part.strip() for part in words.split(","))):
        found.update((fault.id, fault) for fault in _named(word, known))
    if not found:
        raise LabError("no fault is named\nwhat to do: name one; lab/drill --list shows them")
    return list(found.values())


def _named(word: str, known: Sequence[Fault]) -> list[Fault]:
    low = word.lower()
    if low == "all":
        return list(known)
    ways = (
        lambda fault: fault.id.lstrip("0") == low.lstrip("0"),
        lambda fault: fault.id.lstrip("0").rstrip("abcd") == low.lstrip("0"),
        lambda fault: fault.name == low,
        lambda fault: len(low) > 2 and low in fault.name.lower(),
    )
    for way in ways:
        if found := [fault for fault in known if way(fault)]:
            return found
    like = _like(low, known)
    meant = f"did you mean {like}? " if like else ""
    raise LabError(f"there is no fault {word!r}\nwhat to do: {meant}lab/drill --list shows all {len(known)}")


def _like(word: str, known: Sequence[Fault]) -> str:
    """The fault that was probably meant: by its id, or by a word of its name."""
    names = {
        text: fault
        for fault in reversed(known)
        for text in (*fault.name.lower().split(), fault.name, fault.id)
    }
    close = difflib.get_close_matches(word, names, n=1, cutoff=ALIKE)
    return f"{names[close[0]].id} ({names[close[0]].name})" if close else ""
