# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic owners: programs that add and remove rules of their own all the time.

What is theirs is told by the names they give and, for rules that docker puts into built-in chains without a
jump to a chain of its own, by their exact shape. DOCKER-USER is left out on purpose: it is the chain that
docker made for the administrator's rules.
"""

from __future__ import annotations

import re
from typing import Iterable, NamedTuple, Pattern

_BRIDGE = r"(?:docker0|docker_gwbridge|br-[0-9a-f]{12})"


class Owner(NamedTuple):
    """Patterns for the whole name of a chain, a set or a table, and for the whole text of a rule in
    iptables-save.
    """

    chain: Pattern[str] | None = None
    set: Pattern[str] | None = None
    table: Pattern[str] | None = None
    rule: Pattern[str] | None = None


def _owner(chain: str = "", set_: str = "", table: str = "", rule: str = "") -> Owner:
    return Owner(*(re.compile(text) if text else None for text in (chain, set_, table, rule)))


OWNERS: dict[str, Owner] = {
    "docker": _owner(
        chain=r"DOCKER(?!-USER$)(?:-.+)?",
        set_=r"docker-.+",
        table=r"docker-bridges",
        rule=(
            rf"-A FORWARD -o {_BRIDGE} -m conntrack"
            r" --ctstate (?:RELATED,ESTABLISHED|ESTABLISHED,RELATED) -j ACCEPT"
            rf"|-A FORWARD -i {_BRIDGE} (?:! )?-o {_BRIDGE} -j (?:ACCEPT|DROP)"
            rf"|-A POSTROUTING -s \S+ ! -o {_BRIDGE} -j MASQUERADE"
            r"|-A POSTROUTING -s (\S+)/32 -d \1/32 -p \w+ -m \w+ --dport \d+ -j MASQUERADE"
        ),
    ),
    "fail2ban": _owner(chain=r"f2b-.+", set_=r"(?:f2b-|addr6?-set-).+", table=r"f2b-table"),
    "kube-proxy": _owner(chain=r"KUBE-.+", set_=r"KUBE-.+", table=r"kube-proxy"),
    "calico": _owner(chain=r"cali-.+", set_=r"cali.+", table=r"calico"),
    "cni": _owner(chain=r"CNI-.+|FLANNEL-.+", table=r"cni_hostport|cni_plugins_masquerade"),
    "libvirt": _owner(chain=r"LIBVIRT_.+", table=r"libvirt_network"),
    "podman": _owner(chain=r"NETAVARK[-_].+", table=r"netavark"),
}

_MAY_JUMP = re.compile(r"-[jg] |jump |goto ")
_JUMP = re.compile(r"(?:-j|-g|jump|goto) ([^\s,}]+)")


class Owned:
    """Answers which of some owners a thing belongs to; "" for nobody, which means: the administrator."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names: list[str] = sorted(names)
        self._owners = [(name, OWNERS[name]) for name in self.names]

    def chain(self, name: str) -> str:
        return self._first("chain", name)

    def set(self, name: str) -> str:
        return self._first("set", name)

    def table(self, name: str) -> str:
        return self._first("table", name)

    def rule(self, text: str) -> str:
        """A rule's owner, by the chain that it jumps to or by its shape. ``text`` without counters."""
        for match in _JUMP.finditer(without_strings(text)) if _MAY_JUMP.search(text) else ():
            owner = self.chain(match.group(1))
            if owner:
                return owner
        return self._first("rule", text) if text.startswith("-A ") else ""

    def _first(self, field: str, text: str) -> str:
        for name, owner in self._owners:
            pattern: Pattern[str] | None = getattr(owner, field)
            if pattern is not None and pattern.fullmatch(text):
                return name
        return ""


_STRING = re.compile(r'"(?:\\.|[^"\\])*"')


def without_strings(text: str) -> str:
    """A rule's text with its quoted strings emptied, so that a comment can't pass for a keyword."""
    return _STRING.sub('""', text) if '"' in text else text
