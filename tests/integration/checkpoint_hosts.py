# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checkpoint tests share: a host with a small firewall of every kind, and ways to look at it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import control, run
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import LinuxDriver
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import CheckpointStatus
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import CheckpointError, PathGuardError
from tests.support.netns_host import NetnsHost

RUN = "run-1"
NATIVE = """
table inet filter {
  set clients { type ipv4_addr; flags interval; elements = { 10.10.1.0/24, 10.10.2.7 } }
  set banned { type ipv4_addr; flags dynamic,timeout; timeout 1h; }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr @clients tcp dport 5432 counter accept comment "app # to { db"
    ip saddr @banned drop
    jump later
  }
  chain later { tcp dport { 80, 443 } accept; }
}
table ip6 own {
  chain input { type filter hook input priority filter; policy accept; counter packets 7 bytes 700 accept; }
}
"""
SETS = "ipset create app hash:ip; ipset add app 10.10.1.5; ipset add app 10.10.1.14"
IPTABLES = (
    "iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -m set --match-set app src -p tcp --dport 5432 -j ACCEPT;"
    "iptables-nft -A FORWARD -p tcp -m multiport --dports 80,443 -m comment --comment 'web { x' -j ACCEPT;"
    "ip6tables-nft -A INPUT -p tcp --dport 22 -j ACCEPT"
)
LEGACY = "iptables-legacy -A FORWARD -s 10.9.0.0/24 -j DROP"
SAVED = (
    "nft list table inet filter > /etc/nftables.conf; echo 'include \"/etc/nftables.d/*.nft\"' >> /etc/nftables.conf;"
    "mkdir -p /etc/nftables.d /etc/iptables; echo '# none' > /etc/nftables.d/a.nft;"
    "iptables-nft-save > /etc/iptables/rules.v4; chmod 640 /etc/iptables/rules.v4"
)


@contextlib.contextmanager
def host_with(*commands: str, native: str = NATIVE, name: str = "testhost") -> Iterator[NetnsHost]:
    host = NetnsHost(name)
    try:
        if native:
            host.nft(native)
        for command in commands:
            host.sh(command)
        yield host
    finally:
        host.close()


_SAVES = ("iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save")
_MADE_BY_IPTABLES = {
    f"{family} {name}" for family in ("ip", "ip6") for name in ("filter", "nat", "mangle", "raw")
}


def rules(host: NetnsHost) -> list[str]:
    """All rules, sets and files as the tools print them, without what says nothing: order of tables, dates,
    counters, empty chains that accept."""
    found: list[str] = []
    for line in host.sh("nft list tables").splitlines():
        table = line.removeprefix("table ")
        if table not in _MADE_BY_IPTABLES:
            found.append(host.sh(f"nft -s list table {table}"))
    for save in _SAVES:
        table = ""
        for line in host.sh(f"{save} 2>/dev/null").splitlines():
            table = line if line.startswith("*") else table
            if line.startswith("-A") or (line.startswith(":") and " ACCEPT" not in line):
                found.append(f"{save} {table} {line.split(' [')[0]}")
    found += sorted(line.split(" initval ")[0] for line in host.sh("ipset save").splitlines())
    files = host.sh(
        "find /etc/nftables.conf /etc/nftables.d /etc/iptables -printf '%p %M %u %g %l\\n' | sort; grep -r . /etc/iptables /etc/nftables*; true"
    )
    return sorted(found) + files.splitlines()


def wait_for(host: NetnsHost, *states: str, limit: float = 20.0) -> CheckpointStatus:
    until = time.monotonic() + limit
    while True:
        found = control.status(host)
        if found.state in states:
            return found
        assert time.monotonic() < until, f"still {found}"
        time.sleep(0.1)


def refused(function: Callable[..., CheckpointStatus], *args: object, **options: object) -> str:
    with pytest.raises(CheckpointError) as caught:
        function(*args, **options)
    assert len(str(caught.value).splitlines()) <= 5
    return str(caught.value)


def local_each(hosts: Mapping[str, NetnsHost]) -> run.Each:
    """An ``Each`` over hosts of our own, as concurrent as the real one."""

    def each(names: Sequence[str], ask: run.Ask) -> Mapping[str, run.Answer]:
        def one(name: str) -> run.Answer:
            try:
                return ask(hosts[name], LinuxDriver("python3"))
            except PathGuardError as error:
                return error

        with ThreadPoolExecutor(max(1, len(names))) as pool:
            return dict(zip(names, pool.map(one, names), strict=True))

    return each
