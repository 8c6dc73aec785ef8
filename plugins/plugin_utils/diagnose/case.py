# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that one diagnosis knows, as its parts were found; what causes and checks are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import PathGuardError
from ..guard.probes import CUT, REACHABLE, SOME_WAYS, ProbeRow
from ..model.raw import RawOutput
from ..model.state import State
from .counting import Counted
from .history import Earlier
from .question import Question

Entry = Mapping[str, Any]
REQUIRED = "required"


@dataclass(frozen=True)
class Limit:
    """``item``: of the report's ``deciding``: what may deny a path of this name once a rate limit is exceeded."""

    path: str
    item: Entry


@dataclass
class Case:
    """``document``: the paths' report (schemas/report.schema.json). ``rows``: new connections that were tried, none
    where that was not asked for. ``facts``: what the hosts' diagnose agents answered; ``deaf``: why a host gave none.
    ``sources``: hosts; ``destinations``: host -> its addresses on these paths. ``raw``: host -> what its commands
    printed. ``gateways``: next hops that no host that was read has. ``stopped``: host -> port -> the server that should
    listen there, as the agent of that name tells it. ``limits``: rate limits that a path's proof assumes not to be
    exceeded."""

    question: Question
    states: Mapping[str, State]
    document: Entry
    silent: Mapping[str, PathGuardError] = field(default_factory=dict)
    rows: Sequence[ProbeRow] = ()
    counted: Counted = field(default_factory=lambda: Counted({}, {}, {}))
    facts: Mapping[str, Entry] = field(default_factory=dict)
    deaf: Mapping[str, PathGuardError] = field(default_factory=dict)
    sources: Sequence[str] = ()
    destinations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    raw: Mapping[str, Mapping[str, RawOutput]] = field(default_factory=dict)
    earlier: Earlier | None = None
    gateways: Sequence[str] = ()
    stopped: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    limits: Sequence[Limit] = ()

    @property
    def paths(self) -> Sequence[Entry]:
        """Those that are to be open."""
        return [path for path in self.document["paths"] if path["kind"] == REQUIRED]

    @property
    def forbidden(self) -> Sequence[Entry]:
        return [path for path in self.document["paths"] if path["kind"] != REQUIRED]

    @property
    def hops(self) -> list[str]:
        """Hosts between the ends, in the order of the ways."""
        ends = {*self.sources, *self.destinations}
        ways = [host for path in self.paths for leg in path["legs"] for host in leg["hops"]]
        return [host for host in dict.fromkeys(ways) if host not in ends]

    def place_of(self, host: str) -> str:
        """Where on the path a host stands: source, destination, or way."""
        return "source" if host in self.sources else "destination" if host in self.destinations else "way"

    def failed(self, *proof: str, result: Iterable[str] = ()) -> list[ProbeRow]:
        """New connections that did not all get through, by what the proof says of them (by default anything)."""
        return [
            row
            for row in self.rows
            if row.result not in (REACHABLE, "not_probed")
            and (not proof or row.proof in proof)
            and (not result or row.result in result)
        ]

    @property
    def odd(self) -> list[ProbeRow]:
        """Connections that fare otherwise than the proof says they must."""
        return [row for row in self.rows if not row.agrees and row.result != "not_probed"]

    @property
    def closed(self) -> list[ProbeRow]:
        return [row for row in self.rows if row.proof in (CUT, SOME_WAYS)]

    @property
    def proven_open(self) -> bool:
        """Whether rules and routes surely let all of every path pass."""
        return all(path["status"] == "open" for path in self.paths)

    def rules_known(self, host: str) -> bool:
        return host in self.states and self.states[host].firewall_known


def of_path(rows: Iterable[ProbeRow], name: str) -> list[ProbeRow]:
    return [row for row in rows if row.path == name]


def tries(rows: Iterable[ProbeRow]) -> int:
    return sum(row.attempts for row in rows)


def lost_tries(rows: Iterable[ProbeRow]) -> int:
    return sum(row.attempts - row.reachable for row in rows)
