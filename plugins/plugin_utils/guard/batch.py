# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Ansible cuts a play's hosts into batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import GuardError
from .record import lost_before

LINEAR = "linear"
# Strategies that run each host at its own speed: Ansible's own, and those of the mitogen project.
FREE = frozenset({"free", "host_pinned", "mitogen_free", "mitogen_host_pinned"})


# A play's ``order`` -> its hosts, from the inventory's order, which ``ansible_play_hosts_all`` has.
ORDERS: dict[str, Callable[[Sequence[str]], list[str]]] = {
    "inventory": list,
    "reverse_inventory": lambda hosts: list(reversed(hosts)),
    "sorted": sorted,
    "reverse_sorted": lambda hosts: sorted(hosts, reverse=True),
}


def lost(task: Any, all_hosts: Sequence[str], batch: Sequence[str], active: Sequence[str]) -> list[str]:
    """Hosts of this batch that failed or went away before the guard began.

    ``active``: the play's hosts that have not. Where chance orders them nobody knows which batch one belongs to, so
    all that are lost count: with one in an earlier batch the play would mostly be over.
    """
    ordered = ORDERS.get(_of_play(task, "order") or "inventory")
    if ordered is None:
        return [name for name in all_hosts if name not in active]
    return lost_before(ordered(all_hosts), batch, batch_sizes(task, len(all_hosts)))


def batch_sizes(task: Any, hosts: int) -> list[int]:
    """The sizes of the play's batches, in order; empty where there is no ``serial``."""
    return sizes_of(_of_play(task, "serial") or [], hosts)


def _of_play(task: Any, keyword: str) -> Any:
    block = getattr(task, "_parent", None)
    return getattr(getattr(block, "_play", None), keyword, None)


def check_strategy(task: Any, template: Callable[[Any], Any]) -> None:
    """Raises GuardError for a play in which hosts don't wait for each other: no step could speak for all of them.

    ``template``: what makes a play's keyword plain.
    """
    strategy = str(template(_of_play(task, "strategy") or LINEAR))
    if strategy.rpartition(".")[2] in FREE:
        raise GuardError(
            f"the guard is not possible with 'strategy: {strategy}': hosts don't wait for each other there, so there "
            "is no moment before and after the change; nothing was changed",
            "the play's strategy (or ANSIBLE_STRATEGY, or ansible.cfg)",
            "use 'strategy: linear', Ansible's default, for plays with path_guard",
        )
    if not task.run_once:
        raise GuardError(
            "a step of the guard is for all hosts of the batch at once",
            "guard_step",
            "use the role path_guard",
        )


def sizes_of(serial: Any, hosts: int) -> list[int]:
    """``serial`` as a play has it (numbers, percentages, a list of these) -> sizes; the last one repeats.

    A size of 0 or less, or one that is not known, is one batch with all hosts that are left
    (Ansible's "Controlling playbook execution").
    """
    listed = list(serial) if isinstance(serial, Sequence) and not isinstance(serial, str) else [serial]
    found: list[int] = []
    left = hosts
    while left > 0 and listed:
        size = _size(listed[min(len(found), len(listed) - 1)], hosts)
        if size <= 0:
            return [*found, left]
        found.append(min(size, left))
        left -= size
    return found


def _size(value: Any, hosts: int) -> int:
    text = str(value).strip()
    if text.endswith("%") and text[:-1].replace(".", "", 1).isdigit():
        return max(1, int(float(text[:-1]) / 100 * hosts))
    return int(text) if text.lstrip("-").isdigit() else 0
