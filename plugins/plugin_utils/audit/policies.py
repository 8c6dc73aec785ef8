# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies of an audit, judged on what the hosts say."""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import PathGuardError, PolicyError
from ..model.garbage import no_garbage
from ..model.state import State
from ..policy.complain import naming
from ..policy.ends import Resolver
from ..policy.paths import Policy
from ..policy.situation import Situation
from ..policy.validate import Validation, judged, prepared
from .given import Given

Entry = dict[str, Any]
Groups = Mapping[str, Sequence[str]]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """What policies are judged by. ``baseline``: states of before, None without one. ``resolver``: by policy, what its
    names stand for; ``names_before``: what they stood for at the baseline."""

    states: Mapping[str, State]
    groups: Groups
    snapshots: Mapping[str, str]
    baseline: Mapping[str, State] | None
    resolver: Callable[[Policy], Resolver | None]
    names_before: Resolver | None = None
    today: datetime.date | None = None

    @cached_property
    def situation(self) -> Situation:
        return Situation(self.states, self.baseline)


@no_garbage()
def judge(policies: Sequence[Given], by: Judged, say: Say) -> list[Entry]:
    """The audit's ``policies``. One that can't be judged is told so, and the others are judged."""
    ready = deque(_prepared(one, by, say) for one in policies)
    by.situation.survey(flows for one in ready if isinstance(one, Validation) for flows in one.asked)
    found = []
    for number, one in enumerate(policies, 1):
        say(f"policy {number} of {len(policies)}: {one.file}")
        found.append(_entry(one, _report(one, ready.popleft(), by)))
        by.situation.tidy()
    return found


def _entry(one: Given, report: Entry | PathGuardError) -> Entry:
    if isinstance(report, PathGuardError):
        return {"file": one.file, "report": None, "error": str(report)}
    return {"file": one.file, "report": report, "error": ""}


def _prepared(one: Given, by: Judged, say: Say) -> Validation | PathGuardError:
    try:
        if not by.states:
            raise PolicyError(
                "no host could be read, so no path can be judged",
                one.policy.name,
                "see what is said of the hosts",
            )
        with naming(one.policy.name):
            return prepared(one.policy, by.situation, by.groups, by.resolver(one.policy), say)
    except PathGuardError as error:
        return error


def _report(one: Given, validation: Validation | PathGuardError, by: Judged) -> Entry | PathGuardError:
    if isinstance(validation, PathGuardError):
        return validation
    try:
        with naming(one.policy.name):
            return judged(
                validation,
                by.situation,
                snapshots=by.snapshots,
                today=by.today,
                names_before=by.names_before,
            )
    except PathGuardError as error:
        return error
