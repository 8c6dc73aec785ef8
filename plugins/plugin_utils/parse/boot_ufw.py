# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ufw's files hold: its own chains, and rules that people add there for other chains (ufw-framework(8))."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from ..errors import ParseError
from ..model.raw import RawOutput
from ..model.state import State
from . import boot_rules
from .boot_rules import Lines
from .boot_units import tried

OUTPUTS = {"boot_ufw": "iptables", "boot_ufw6": "ip6tables"}


def rules(text: str, backend: str) -> Lines:
    """All that is loaded from ufw's files, by place. ParseError for other text."""
    return boot_rules.chains_of(_loaded(text, backend), backend, "ufw")


def _loaded(text: str, backend: str) -> State:
    """The files' rules as ufw's, but for those that another program makes as well."""
    state = boot_rules.saved_tables(text, backend)
    for _key, chain in boot_rules.chains_in(state, backend):
        chain.rules[:] = [replace(rule, managed_by=rule.managed_by or "ufw") for rule in chain.rules]
    return state


def mark(state: State, outputs: Mapping[str, RawOutput]) -> None:
    """Rules of ``state`` that nobody has marked, and that ufw loads: its own, although they bear no mark."""
    for backend, places in _files(outputs):
        for place, chain in boot_rules.chains_in(state, backend):
            left = Counter(places.get(place, ()))
            ours: set[int] = set()
            for rule in boot_rules.single(chain.rules):
                if left[rule.text] and rule.managed_by in ("", "ufw"):
                    left[rule.text] -= 1
                    ours.add(rule.position)
            chain.rules[:] = [
                replace(rule, managed_by="ufw") if rule.position in ours else rule for rule in chain.rules
            ]


def _files(outputs: Mapping[str, RawOutput]) -> Iterator[tuple[str, Lines]]:
    """Backend and rules; what can't be read is told by the comparison."""
    for name, tool in OUTPUTS.items():
        text, head, why = tried(outputs, name)
        backend = head.get("backend", tool)
        if text and not why:
            with suppress(ParseError):
                yield backend, rules(text, backend)
