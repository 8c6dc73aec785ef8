# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What whoever makes a documentation should hear, because nobody looks for it in the pages: they rest on a part of the
network."""

from __future__ import annotations

from collections.abc import Sequence

from ..render.words import counted
from .site import SiteDocument

# Hosts and policies that are named with their reasons.
MOST_NAMED = 3


def doubts(site: SiteDocument) -> list[str]:
    """A line each for hosts that were not read, rules that are not known, and policies that could not be judged."""
    everybody = f"of {counted(len(site.hosts), 'host')}"
    unread = [f"{host.name}: {host.error}" for host in site.unread]
    blind = [f"{host.name}: {host.blind}" for host in site.hosts if host.blind]
    wrong = [f"{policy.file}: {policy.error.splitlines()[0]}" for policy in site.policies if policy.error]
    found = []
    if unread:
        found.append(f"{len(unread)} {everybody} could not be read, and the pages say so: {_listed(unread)}")
    if blind:
        found.append(f"the rules of {len(blind)} {everybody} could not be read: {_listed(blind)}")
    if wrong:
        found.append(f"{counted(len(wrong), 'policy file')} could not be judged: {_listed(wrong)}")
    return found


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - MOST_NAMED
    return "; ".join(texts[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
