# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a path that have moved since the baseline, and whether that alone made the path worse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .ends import Resolver
from .names import Move, moves
from .prove import YES, Proof

Entry = dict[str, Any]
_NO_RULE = (
    "; with what it stood for then, the path would be as before: the name is the cause, and no firewall"
)
# A firewall that stops queries to the name server does just that.
_NO_ANSWER = (
    "; with what it stood for then, the path would be as before: look why it can't be resolved (the name server, or a "
    "firewall on the way to it)"
)


def moved_names(
    proof: Proof, before: Proof | None, earlier: Resolver, with_names: Callable[[Resolver], Proof | None]
) -> list[Entry]:
    """``{name, hosts, before, now, cause, message}`` each. ``cause``: True if the path got worse, and would not have
    with the names of before; None where that was not asked. ``with_names``: proves the path on the hosts as they are
    now, with other answers."""
    found = moves(proof.ends.resolved, earlier)
    alone = None
    if found and before is not None:
        alone = proof.satisfied != YES and _fares_alike(with_names(earlier), before)
    return [_entry(move, alone) for move in found]


def _fares_alike(then: Proof | None, before: Proof) -> bool:
    return then is not None and (then.status, then.satisfied) == (before.status, before.satisfied)


def _entry(move: Move, alone: bool | None) -> Entry:
    return {
        "name": move.name,
        "hosts": list(move.hosts),
        "before": list(move.before),
        "now": list(move.now),
        "cause": alone,
        "message": move.text() + ("" if not alone else _NO_RULE if move.now else _NO_ANSWER),
    }
