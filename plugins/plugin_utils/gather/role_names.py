# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables whose names begin as those of a role, and that the role does not have: Ansible ignores them in silence.

A near miss of a name is taken for a slip, and is an error. Any other may be a variable of the site's own, and is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Any

import yaml

from ..errors import PathGuardError

_ROLES = Path(__file__).resolve().parents[3] / "roles"
_SPECS = "meta/argument_specs.yml"
# What the roles, their steps and playbooks set or pass on, beside the roles' options. A slice's ends in its number.
_SET: Mapping[str, tuple[str, ...]] = {
    "path_audit": ("result", "step", "summary", "workflow"),
    "path_diagnose": ("host", "result", "run_id", "text", "verdict"),
    "path_document": ("result",),
    "path_guard": ("after", "before", "decision", "outcome", "run_id"),
    "path_monitor": ("bad", "notices", "result", "verdict"),
}
# A playbook's own variables that no role has, and that it would be as bad to miss.
_PLAYBOOKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "path_guard": {"guarded_update_": ("facts", "handlers", "hosts", "serial")},
}
# The same, where others may well use names that begin so: a near miss of these is told, and is no error.
_COMMON: Mapping[str, tuple[str, ...]] = {
    "audit": ("hosts",),
    "discover": ("file", "force", "hosts", "seconds", "title"),
    "document": ("hosts",),
    "monitor": ("for", "interval"),
}
# How variables begin that are about something else, however near they are: patching hosts.
_OTHERS = ("patch_",)
# What people call an option by another word.
_MEANT: Mapping[str, str] = {
    "path_guard_deadline": "path_guard_timeout",
    "path_guard_policies": "path_guard_policy",
    "path_guard_tasks": "path_guard_change_tasks",
    "path_guard_report_dir": "path_guard_snapshot_dir",
    "path_monitor_policies": "path_monitor_policy",
    "path_monitor_limit": "path_monitor_only",
    "path_monitor_dir": "path_monitor_state_dir",
    "path_monitor_prometheus_file": "path_monitor_textfile",
    "path_document_policy": "path_document_policies",
    "path_audit_dir": "path_audit_report_dir",
    "path_diagnose_policies": "path_diagnose_policy",
}
# Letters that two names, without what they begin with, have in common (SequenceMatcher.ratio).
_NEAR = 0.75
# The same where words at the end are left out.
_NEAR_START = 0.6
# The same of names whose beginning, too, is not the role's.
_NEAR_IN_ALL = 0.9
_MOST = 3
_SLICE = re.compile(r"_\d+$")


@dataclass(frozen=True)
class Stray:
    """``name``: of a variable that the role does not have. ``meant``: the one that it is a near miss of, or empty."""

    name: str
    meant: str

    def __str__(self) -> str:
        return f"{self.name} (did you mean {self.meant}?)" if self.meant else self.name


def options_of(role: str) -> frozenset[str]:
    """The names of all entry points' options."""
    specs = yaml.safe_load((_ROLES / role / _SPECS).read_text(encoding="utf-8"))["argument_specs"]
    return frozenset(name for entry in specs.values() for name in entry["options"])


def strays(role: str, variables: Mapping[str, Any]) -> list[Stray]:
    """By name, those among the variables that are meant for the role by how they begin, and that it does not have.
    What a task registered is its author's."""
    options = options_of(role)
    known = {*options, *(f"{role}_{name}" for name in _SET[role])}
    beginnings = [f"{role}_"]
    for beginning, names in _PLAYBOOKS.get(role, {}).items():
        known |= {beginning + name for name in names}
        beginnings.append(beginning)
    others = (*_OTHERS, *(f"{other}_" for other in _SET if other != role))
    found = []
    for name in sorted(map(str, variables)):
        if name in known or _SLICE.sub("", name) in known or _is_registered(variables[name]):
            continue
        beginning = next((one for one in beginnings if name.startswith(one)), "")
        if beginning:
            found.append(Stray(name, _MEANT.get(name) or _near(name, beginning, known)))
        elif not name.startswith(others) and name.count("_") > 1 and name[:1] == role[:1]:
            meant = get_close_matches(name, options, 1, _NEAR_IN_ALL)
            found += [Stray(name, one) for one in meant]
    return found


def overlooked(playbook: str, variables: Mapping[str, Any]) -> str:
    """What to warn of where a variable is a near miss of one of the playbook's own; empty where there is none."""
    known = [f"{playbook}_{name}" for name in _COMMON.get(playbook, ())]
    near = (
        Stray(name, _near(name, f"{playbook}_", known))
        for name in sorted(map(str, variables))
        if name.startswith(f"{playbook}_") and name not in known and not _is_registered(variables[name])
    )
    found = [str(one) for one in near if one.meant]
    return f"the playbook {playbook} does not read {', '.join(found[:_MOST])}" if found else ""


def slips(found: Iterable[Stray], where: str) -> PathGuardError | None:
    """One error for all near misses."""
    near = [str(one) for one in found if one.meant]
    if not near:
        return None
    more = f", and {len(near) - _MOST} more" if len(near) > _MOST else ""
    return PathGuardError(
        f"there is no variable {', '.join(near[:_MOST])}{more}",
        where,
        "correct the name, or use another for a variable of your own; it would have been ignored",
    )


def unknown(found: Iterable[Stray], role: str) -> str:
    """What to warn of; empty where there is nothing."""
    names = [one.name for one in found if not one.meant]
    if not names:
        return ""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    have = "has none of these names" if len(names) > 1 else "has no such variable"
    return (
        f"{', '.join(names[:_MOST])}{more}: the role {role} {have}, and ignores what it does not know "
        f"(ansible-doc -t role pathguard.network.{role} lists what it has)"
    )


def _near(name: str, beginning: str, known: Iterable[str]) -> str:
    """The name that this one is a near miss of, or empty. One with a word more than an option has is a site's own, such
    as path_guard_policy_folder."""
    rest = name[len(beginning) :].lower()
    rated = []
    for one in known:
        if not one.startswith(beginning):
            continue
        if name.startswith(f"{one}_"):
            return ""
        bound = _NEAR_START if one.startswith(f"{name}_") else _NEAR
        ratio = SequenceMatcher(None, rest, one[len(beginning) :]).ratio()
        rated += [(ratio, one)] if ratio >= bound else []
    return max(rated, default=(0.0, ""))[1]


def _is_registered(value: Any) -> bool:
    return isinstance(value, Mapping) and ("changed" in value or "failed" in value or "skipped" in value)
