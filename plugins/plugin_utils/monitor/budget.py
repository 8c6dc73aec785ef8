# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections to try this time: never more to one service than its owner was promised."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..policy.probes import Target

# A connection to MySQL or MariaDB that ends before the login counts towards max_connect_errors (MySQL Reference Manual,
# "max_connect_errors"; 100 by default), after which the server turns the source host away: such ports are proven by
# rules alone.
MYSQL_PORTS = frozenset({3306, 33060})

Service = tuple[str, int]
Job = tuple[str, str, str, int]


def spared(targets: Sequence[Target]) -> list[str]:
    """The services that are never tried, for people."""
    return sorted({f"{item.address} port {item.port}" for item in targets if item.port in MYSQL_PORTS})


def chosen(
    targets: Sequence[Target],
    per_minute: int,
    spent: Mapping[Service, float],
    turn: Mapping[str, int],
    first: Collection[Job] = (),
) -> tuple[list[Target], dict[str, int]]:
    """What to try now, and where to go on the next time.

    ``per_minute``: connections to one address and port. ``spent``: those of the last minute. ``turn``: service ->
    where its turn is, so that each source comes to it in time. ``first``: what goes before the others: it failed."""
    by_service: dict[Service, dict[Job, list[Target]]] = {}
    for target in targets:
        if target.port not in MYSQL_PORTS:
            job = (target.host, target.source, target.address, target.port)
            by_service.setdefault((target.address, target.port), {}).setdefault(job, []).append(target)
    found: list[Target] = []
    turns: dict[str, int] = {}
    for service, jobs in by_service.items():
        room = max(0, per_minute - round(spent.get(service, 0.0)))
        name = f"{service[0]} {service[1]}"
        start = turn.get(name, 0) % len(jobs)
        order = [*jobs]
        ahead = [job for job in order if job in first][:room]
        rest = [job for job in [*order[start:], *order[:start]] if job not in first][: room - len(ahead)]
        found += [item for job in (*ahead, *rest) for item in jobs[job]]
        turns[name] = (start + len(rest)) % len(jobs)
    return found, turns
