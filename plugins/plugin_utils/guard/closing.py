# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that a play has left open: each is restored, whatever is wrong with another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from ..errors import GuardError, PathGuardError
from ..gather.several import some
from . import record

T = TypeVar("T")
TOLD = 3


def close_open(run_ids: Iterable[str], snapshot_dir: Path, restore: Callable[[str], T]) -> list[T]:
    """What ``restore`` says of each run without a decision. Raises GuardError at the end if a run could not be read
    or restored."""
    done: list[T] = []
    errors: dict[str, PathGuardError] = {}
    for run_id in dict.fromkeys(run_ids):
        try:
            if not record.read(snapshot_dir, run_id).decision:
                done.append(restore(run_id))
        except PathGuardError as error:
            errors[run_id] = error
    if errors:
        why = "; ".join(f"run {run_id}: {error.what}" for run_id, error in list(errors.items())[:TOLD])
        raise GuardError(
            f"{len(errors)} of {len(errors) + len(done)} runs that were left open could not be closed: {why}",
            f"{snapshot_dir}, {some(list(errors))}",
            "their hosts' own timers put the rules back; see firewall_checkpoint_info",
        )
    return done
