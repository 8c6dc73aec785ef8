# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies of an audit: read before any host is, and judged on what the hosts say."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import AuditError, PathGuardError, PolicyError
from ..model.state import State
from ..policy.complain import naming
from ..policy.ends import Resolver
from ..policy.inventory import check_against_inventory
from ..policy.paths import Policy
from ..policy.read import load_policy
from ..policy.situation import Situation
from ..policy.validate import Validation, judged, prepared

Entry = dict[str, Any]
Groups = Mapping[str, Sequence[str]]
Say = Callable[[str], None]
SUFFIXES = (".yml", ".yaml", ".json")
INLINE = "policy"
OPTION = "path_audit_policies"


@dataclass(frozen=True)
class Given:
    """``file``: as it was given, or the file's path below the folder that was given."""

    file: str
    policy: Policy


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


def read_policies(given: Any, folder: Path, option: str = OPTION) -> list[Given]:
    """``given``: a file, a folder, a policy itself, or a list of these; an empty list: none, on purpose. ``option``:
    what the user names them by.

    Raises PolicyError for the first that is malformed, AuditError where none is named."""
    if given is None or given == "":
        raise AuditError(
            "it is not said which policies are meant",
            option,
            f"name policy files, or a folder of them; write {option}: [] to go without any",
        )
    found: list[Given] = []
    for item in given if isinstance(given, list) else [given]:
        found += _read(item, folder, option)
    twice = sorted({one.file for one in found if [other.file for other in found].count(one.file) > 1})
    if twice and twice != [INLINE]:
        raise AuditError(f"named twice: {', '.join(twice)}", option, "name each policy once")
    return found


def _read(item: Any, folder: Path, option: str) -> list[Given]:
    if isinstance(item, Mapping) or (isinstance(item, str) and "\n" in item):
        return [Given(INLINE, load_policy(item, folder))]
    if not isinstance(item, str) or not item.strip():
        raise AuditError(f"{item!r} is no policy", option, "name a file or a folder")
    path = folder / Path(item).expanduser()
    if not path.is_dir():
        return [Given(item, load_policy(item, folder))]
    try:
        files = sorted(
            file for file in path.iterdir() if file.suffix in SUFFIXES and not file.name.startswith(".")
        )
    except OSError as error:
        raise AuditError(
            f"the folder of policies can't be listed: {error.strerror}", str(path), "mend its permissions"
        ) from None
    if not files:
        raise AuditError(
            f"there is no policy in this folder (no {', '.join(SUFFIXES)} file)",
            str(path),
            f"correct {option}",
        )
    return [Given(f"{item.rstrip('/')}/{file.name}", load_policy(str(file), folder)) for file in files]


def check(policies: Sequence[Given], groups: Groups, hosts: Sequence[str]) -> None:
    """PolicyError for names that the inventory lacks."""
    for one in policies:
        with naming(one.policy.name):
            check_against_inventory(one.policy, groups, hosts)


def judge(policies: Sequence[Given], by: Judged, say: Say) -> list[Entry]:
    """The audit's ``policies``. One that can't be judged is told so, and the others are judged."""
    ready = [_prepared(one, by, say) for one in policies]
    by.situation.survey(flows for one in ready if isinstance(one, Validation) for flows in one.asked)
    found = []
    for number, (one, validation) in enumerate(zip(policies, ready), 1):
        say(f"policy {number} of {len(policies)}: {one.file}")
        report = _report(one, validation, by) if isinstance(validation, Validation) else validation
        failed = isinstance(report, PathGuardError)
        found.append(
            {"file": one.file, "report": None if failed else report, "error": str(report) if failed else ""}
        )
    return found


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


def _report(one: Given, validation: Validation, by: Judged) -> Entry | PathGuardError:
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
