# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names in a policy, resolved on the hosts that use them at the time of asking, and kept beside the snapshots."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ..gather import names_file
from ..gather.names import resolve_here
from ..policy.names import Names, asked
from ..policy.paths import Policy
from .site import Site


def resolver(
    policy: Policy,
    groups: Mapping[str, Sequence[str]],
    hosts: Collection[str],
    site: Site,
    folder: Path | None = None,
) -> Names:
    """Asks each source host once for all the policy's names. What a host that does not answer would say is not known,
    which leaves its paths unknown; nobody is asked where the policy names no name. ``folder``: of the snapshots,
    if there is one to keep them in."""
    wanted = asked(policy, groups, hosts)
    here = wanted.pop("", [])
    found = site.resolve(wanted) if wanted else {}
    if here:
        found = {**found, "": {name: resolve_here(name) for name in here}}
    answers = names_file.by_name(found)
    if answers and folder is not None:
        names_file.write(folder, answers)
    return Names(answers, frozenset(wanted) - frozenset(found))


def kept(folder: Path) -> Names:
    """As they were resolved when the snapshots in ``folder`` were taken. Raises StateError."""
    return Names(names_file.read(folder))
