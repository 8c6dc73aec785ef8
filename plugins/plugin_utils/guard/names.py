# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names in a policy, resolved on the hosts that use them, at the time of asking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..gather.names import resolve_here
from ..policy.ends import Resolver
from ..policy.inventory import members
from ..policy.paths import Endpoint, Policy
from .site import Site


def resolver(
    policy: Policy, groups: Mapping[str, Sequence[str]], hosts: Iterable[str], site: Site
) -> Resolver:
    """Asks each source host once for all the policy's names. A host that does not answer resolves nothing,
    which leaves its paths unknown; nobody is asked where the policy names no name."""
    known = set(hosts)
    wanted: dict[str, dict[str, None]] = {}
    for path in policy.paths:
        names = list(dict.fromkeys([*_names(path.destination), *_excepted_names(path.source)]))
        for host in members(path.source, groups) if names else ():
            if host in known:
                wanted.setdefault(host, {}).update(dict.fromkeys(names))
    found = site.resolve({host: list(names) for host, names in wanted.items()}) if wanted else {}

    def ask(host: str, name: str) -> Sequence[str]:
        return found.get(host, {}).get(name, ()) if host else resolve_here(name)

    return ask


def _excepted_names(source: Endpoint) -> Iterable[str]:
    """A source that is a name has no hosts that could be asked."""
    for other in source.excepted:
        yield from _names(other)


def _names(endpoint: Endpoint) -> Iterable[str]:
    if endpoint.kind == "dns":
        yield from endpoint.names
    for other in endpoint.excepted:
        yield from _names(other)
