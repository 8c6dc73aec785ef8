# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names by which sources know the destination: one that is not known, leads elsewhere, or has moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import StateError
from ..gather import names_file
from ..guard.detail import hosts
from ..model import text
from . import timeline
from .case import Case
from .cause import CERTAIN, LIKELY, NAME, Cause
from .history import Moment
from .site import addresses_of_others

# How the C library words EAI_AGAIN (gai_strerror(3)): nobody has said that there is no such name.
NO_ANSWER = "Temporary failure"


@dataclass(frozen=True)
class Then:
    """What sources resolved a name to earlier. ``addresses``: by host."""

    at: str
    addresses: Mapping[str, Sequence[str]]


def causes(case: Case, past: Sequence[Moment]) -> list[Cause]:
    return [cause for name in case.question.names for cause in _of_name(case, name, past)]


def _of_name(case: Case, name: str, past: Sequence[Moment]) -> Iterator[Cause]:
    now, unknown = _now(case, name)
    for error, names in unknown.items():
        what = f"{hosts(names)}: {name} can't be resolved: {error}"
        if NO_ANSWER in error:
            why = "its name server does not answer, or a firewall stops the queries"
            yield replace(_cause(case, names, f"{what}: {why}", LIKELY), host="")
        else:
            yield _cause(case, names, what, CERTAIN)
    then = earlier(name, now, past)
    elsewhere: dict[str, list[str]] = {}
    for host, found in now.items():
        strange = _strange(case, found)
        moved = then is not None and _differ(_at(then.addresses, host), found)
        # To another machine on purpose, as long as connections to it get through.
        if strange or (moved and _by_name(case, name) and any(row.host == host for row in case.failed())):
            elsewhere.setdefault(", ".join(strange or found), []).append(host)
    owned = addresses_of_others(case.states)
    for addresses, names in elsewhere.items():
        nobody = not any(text.address_range(address)[:2] in owned for address in addresses.split(", "))
        told = f"{hosts(names)}: {name} leads to {addresses}"
        if nobody:
            told += ", which no host that was read has"
        elif case.destinations:
            told += f", and not to {', '.join(case.destinations)}"
        was = _at(then.addresses, names[0]) if then is not None else ()
        moved = bool(was) and ", ".join(was) != addresses
        if moved and then is not None:
            told += f"; it led to {', '.join(was)} on {timeline.moment(then.at)}: the name has moved"
        yield _cause(case, names, told, CERTAIN if moved or not _by_name(case, name) else LIKELY)


def _now(case: Case, name: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Host -> addresses, and why it can't be resolved -> hosts."""
    found: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    for host in case.sources:
        told = case.facts.get(host, {}).get("names", {}).get(name)
        if told is not None and told["addresses"]:
            found[host] = sorted(told["addresses"])
        elif told is not None:
            unknown.setdefault(told["error"] or "it has no address", []).append(host)
    return found, unknown


def _strange(case: Case, addresses: Sequence[str]) -> list[str]:
    """Those that are not the destination's; of a destination that is a name itself, those that nobody has."""
    known = {address for mine in case.destinations.values() for address in mine}
    own = {
        address.partition("/")[0]
        for host in case.destinations
        for interface in case.states[host].interfaces.values()
        for address in interface.addresses
    }
    return [address for address in addresses if address not in known | own]


def _by_name(case: Case, name: str) -> bool:
    """Whether the question knows the destination by this name alone."""
    return any(name in path.destination.names for path in case.question.policy.paths)


def _differ(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether both are known, and are not the same."""
    return bool(one) and set(one) != set(other)


def _at(addresses: Mapping[str, Sequence[str]], host: str) -> Sequence[str]:
    """An empty name stands for every host that is not named (gather/names_file.py)."""
    return addresses.get(host, addresses.get("", ()))


def earlier(name: str, now: Mapping[str, Sequence[str]], past: Sequence[Moment]) -> Then | None:
    """The newest time at which some source resolved it otherwise; None where nobody knows of one."""
    for moment in past:
        found = _kept(moment.folder, name)
        if any(_differ(_at(found, host), addresses) for host, addresses in now.items()):
            return Then(moment.at, found)
    return None


def _kept(folder: Path, name: str) -> dict[str, list[str]]:
    """What was resolved when the snapshots in a folder were taken; none where nothing readable is kept."""
    try:
        return names_file.read(folder).get(name, {})
    except StateError:
        return {}


def keep(case: Case, folder: Path) -> None:
    """For the next time, beside the snapshots."""
    told = {host: case.facts.get(host, {}).get("names", {}) for host in case.sources}
    found = {
        host: {name: list(answer["addresses"]) for name, answer in names.items() if answer["addresses"]}
        for host, names in told.items()
    }
    if any(found.values()):
        names_file.write(folder, names_file.by_name(found))


def _cause(case: Case, names: list[str], what: str, confidence: str) -> Cause:
    """A name goes before all that happens to packets on their way to the wrong place."""
    return Cause(
        layer=NAME,
        host=names[0],
        what=what,
        confidence=confidence,
        evidence=[f"names: asked on {len(case.sources)} source hosts, as their programs do (nsswitch.conf)"],
        paths=[path["name"] for path in case.paths],
        pairs=sum(path["share"]["pairs"]["total"] for path in case.paths),
        hosts=names,
    )
