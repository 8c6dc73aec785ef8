# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a policy's endpoints: who is asked for them, what was answered, and what has moved since."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .ends import Resolver
from .inventory import Groups, members
from .paths import Endpoint, Policy

_TOLD = 4


class Names:
    """Answers of one time. ``answers``: name -> host -> addresses; an empty host: the controller, and every host that
    is not named. ``silent``: hosts that were asked and gave no answer, for whom nobody else can speak."""

    def __init__(
        self, answers: Mapping[str, Mapping[str, Sequence[str]]], silent: Collection[str] = ()
    ) -> None:
        self.answers = answers
        self.silent = silent

    def __call__(self, host: str, name: str) -> Sequence[str] | None:
        if host in self.silent:
            return None
        by_host = self.answers.get(name, {})
        return by_host.get(host, by_host.get(""))


def asked(policy: Policy, groups: Groups, gathered: Collection[str]) -> dict[str, list[str]]:
    """Source host -> the names that its paths need; an empty host: those that the controller resolves, because the
    source is no host. ``gathered``: hosts that can be asked."""
    found: dict[str, dict[str, None]] = {}
    for path in policy.paths:
        by_sources = [
            *_names(path.destination),
            *(name for one in path.source.excepted for name in _names(one)),
        ]
        hosts = [name for name in members(path.source, groups) if name in gathered] or [""]
        for host in hosts if by_sources else ():
            found.setdefault(host, {}).update(dict.fromkeys(by_sources))
        if path.source.kind == "dns":
            found.setdefault("", {}).update(dict.fromkeys(path.source.names))
    return {host: list(names) for host, names in found.items()}


def _names(endpoint: Endpoint) -> Iterator[str]:
    for one in endpoint.walk():
        yield from one.names


@dataclass(frozen=True, slots=True)
class Move:
    """A name that ``hosts`` (empty: the controller) resolve to other addresses ``now`` than ``before``."""

    name: str
    hosts: tuple[str, ...]
    before: tuple[str, ...]
    now: tuple[str, ...]

    def text(self) -> str:
        was, now = _some(self.before), _some(self.now)
        if not self.before:
            found = f"{self.name} stands for {now}, and had no address at the baseline"
        elif not self.now:
            found = f"{self.name} was {was} at the baseline, and has no address now"
        else:
            found = f"{self.name} moved from {was} to {now} since the baseline"
        return f"{found} (as {_some(self.hosts) or 'the controller'} resolved it)"


def moves(resolved: Mapping[tuple[str, str], Sequence[str]], earlier: Resolver) -> list[Move]:
    """What has moved, hosts with the same answers together. ``resolved``: (host, name) -> addresses now."""
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (host, name), now in resolved.items():
        was = earlier(host, name)
        if was is not None and set(was) != set(now):
            found.setdefault((name, tuple(sorted(was)), tuple(sorted(now))), []).append(host)
    return [
        Move(name, tuple(host for host in hosts if host), was, now)
        for (name, was, now), hosts in found.items()
    ]


def _some(items: Sequence[str]) -> str:
    more = len(items) - _TOLD
    return ", ".join(items[:_TOLD]) + (f" and {more} more" if more > 0 else "")
