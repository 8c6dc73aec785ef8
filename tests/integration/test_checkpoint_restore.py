# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore puts back whatever a change did to any kind of rules, and touches nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import control
from tests.integration.checkpoint_hosts import (
    IPTABLES,
    LEGACY,
    NATIVE,
    RUN,
    SAVED,
    SETS,
    host_with,
    refused,
    rules,
    wait_for,
)
from tests.support.netns_host import NetnsHost


@pytest.fixture(scope="module")
def armed_host() -> Iterator[NetnsHost]:
    """One host for all faults: each test arms, breaks, restores and drops."""
    with host_with(SETS, IPTABLES, LEGACY, SAVED) as host:
        yield host


FAULTS = {
    "a mask narrowed": (
        "nft flush set inet filter clients; nft add element inet filter clients '{ 10.10.1.0/26 }'",
        ["nft/inet/filter"],
    ),
    "a set emptied": ("nft flush set inet filter clients", ["nft/inet/filter"]),
    "a rule deleted": ("nft flush chain inet filter later", ["nft/inet/filter"]),
    "a rule inserted above": (
        "nft insert rule inet filter forward ip saddr 10.10.1.128/25 drop",
        ["nft/inet/filter"],
    ),
    "the policy flipped": (
        "nft chain inet filter forward '{ policy accept; }'",
        ["nft/inet/filter"],
    ),
    "a table deleted": ("nft delete table inet filter", ["nft/inet/filter"]),
    "a table added": (
        "nft -f - <<X\ntable inet late { chain f { type filter hook forward priority 10; policy drop; }\n}\nX",
        ["nft/inet/late"],
    ),
    "all of nft flushed": (
        "nft flush ruleset",
        ["ip6tables/filter", "iptables/filter", "nft/inet/filter", "nft/ip6/own"],
    ),
    "iptables flushed": ("iptables-nft -F; iptables-nft -P FORWARD ACCEPT", ["iptables/filter"]),
    "an iptables policy flipped": ("iptables-nft -P FORWARD ACCEPT", ["iptables/filter"]),
    "an iptables table added": (
        "iptables-nft -t nat -A POSTROUTING -s 10.10.1.0/24 -j SNAT --to-source 10.20.1.1",
        ["iptables/nat"],
    ),
    "only IPv6 broken": ("ip6tables-nft -I INPUT -j DROP", ["ip6tables/filter"]),
    "an ipset emptied": ("ipset flush app", ["ipset/app"]),
    "an ipset's member removed": ("ipset del app 10.10.1.14", ["ipset/app"]),
    "an ipset added, and used": (
        "ipset create more hash:net; ipset add more 10.10.1.128/25; iptables-nft -I FORWARD -m set --match-set more src -j DROP",
        ["ipset/more", "iptables/filter"],
    ),
    "an ipset made anew with another type": (
        "iptables-nft -F FORWARD; ipset destroy app; ipset create app hash:net; ipset add app 10.10.1.0/26;"
        "iptables-nft -A FORWARD -m set --match-set app src -p tcp --dport 5432 -j ACCEPT",
        ["ipset/app", "iptables/filter"],
    ),
    "rules of nft put into a table of iptables-nft": (
        "nft add set ip filter odd '{ type ipv4_addr; }'; nft insert rule ip filter FORWARD ip saddr @odd drop",
        ["iptables/filter"],
    ),
    "legacy rules changed": ("iptables-legacy -P FORWARD DROP", ["iptables-legacy/filter"]),
    "a legacy table added": (
        "iptables-legacy -t mangle -A FORWARD -j DROP",
        ["iptables-legacy/mangle"],
    ),
    "a file changed": ("echo '# x' >> /etc/nftables.conf", ["file/etc/nftables.conf"]),
    "an included file added": (
        "echo 'flush ruleset' > /etc/nftables.d/z.nft",
        ["file/etc/nftables.d/z.nft"],
    ),
    "a file's mode changed": ("chmod 666 /etc/iptables/rules.v4", ["file/etc/iptables/rules.v4"]),
    "a file deleted": ("rm /etc/iptables/rules.v4", ["file/etc/iptables/rules.v4"]),
    "a file replaced by a link": (
        "mv /etc/iptables/rules.v4 /etc/iptables/other; ln -s other /etc/iptables/rules.v4",
        ["file/etc/iptables/other", "file/etc/iptables/rules.v4"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_put_back(armed_host: NetnsHost, fault: str) -> None:
    command, changed = FAULTS[fault]
    before = rules(armed_host)
    armed = control.arm(armed_host, RUN, 120)
    try:
        armed_host.sh(command)
        assert control.status(armed_host).changed_tables == changed
        restored = control.restore(armed_host, RUN)
        assert (restored.state, restored.proven) == ("restored", True), restored
        assert sorted(restored.changed_tables) == sorted(changed)
        assert restored.fingerprint == armed.armed_fingerprint
        assert rules(armed_host) == before
    finally:
        control.absent(armed_host, RUN)


@pytest.mark.parametrize("table", ["nat", "raw"])
def test_of_a_table_that_iptables_made_no_trace_is_left(armed_host: NetnsHost, table: str) -> None:
    tables = armed_host.sh("nft list tables")
    control.arm(armed_host, RUN, 120)
    try:
        armed_host.sh(f"iptables-nft -t {table} -N odd; iptables-nft -t {table} -A OUTPUT -p tcp -j ACCEPT")
        assert control.restore(armed_host, RUN).proven
        assert armed_host.sh("nft list tables") == tables
    finally:
        control.absent(armed_host, RUN)


def test_an_empty_table_that_was_there_and_one_in_use_by_an_owner_stay(armed_host: NetnsHost) -> None:
    armed_host.sh("iptables-nft -t raw -A OUTPUT -p tcp -j ACCEPT; iptables-nft -t raw -F")
    control.arm(armed_host, RUN, 120)
    try:
        armed_host.sh("iptables-nft -t raw -A OUTPUT -p udp -j ACCEPT")
        armed_host.sh("iptables-nft -t nat -N DOCKER; iptables-nft -t nat -A DOCKER -i docker0 -j RETURN")
        armed_host.sh("iptables-nft -t nat -A POSTROUTING -p tcp -j MASQUERADE")
        assert control.restore(armed_host, RUN).proven
        assert "OUTPUT" in armed_host.sh("nft list table ip raw")
        listed = armed_host.sh("nft list table ip nat")
        assert "DOCKER" in listed
        assert "masquerade" not in listed
    finally:
        control.absent(armed_host, RUN)
        armed_host.sh("nft delete table ip raw; nft delete table ip nat")


def test_nothing_changed_touches_nothing(armed_host: NetnsHost) -> None:
    handles = armed_host.sh("nft -a list ruleset")
    control.arm(armed_host, RUN, 120)
    restored = control.restore(armed_host, RUN)
    control.absent(armed_host, RUN)
    assert restored.proven is True
    assert restored.changed_tables == []
    assert armed_host.sh("nft -a list ruleset") == handles, "a table that is loaded again gets new handles"


def test_counters_and_handles_of_unchanged_tables_stay(armed_host: NetnsHost) -> None:
    before = armed_host.sh("nft -a list table ip6 own")
    assert "counter packets 7 bytes 700" in before
    control.arm(armed_host, RUN, 120)
    armed_host.sh("nft delete table inet filter; ipset flush app")
    assert control.restore(armed_host, RUN).proven is True
    control.absent(armed_host, RUN)
    assert armed_host.sh("nft -a list table ip6 own") == before


def test_an_ipset_is_filled_while_rules_use_it(armed_host: NetnsHost) -> None:
    handles = armed_host.sh("nft -a list table ip filter")
    control.arm(armed_host, RUN, 120)
    armed_host.sh("ipset flush app")
    assert control.restore(armed_host, RUN).proven is True
    control.absent(armed_host, RUN)
    assert armed_host.sh("nft -a list table ip filter") == handles
    assert "pathguard" not in armed_host.sh("ipset -n list"), "no helper set is left"


DOCKER = (
    "iptables-nft -N DOCKER; iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -s 10.1.1.1 -j DROP;"
    "iptables-nft -A FORWARD -j DOCKER-USER; iptables-nft -A FORWARD -o docker0 -j DOCKER;"
    "iptables-nft -A FORWARD -s 10.0.0.0/8 -j ACCEPT; iptables-nft -A DOCKER -d 172.17.0.2/32 -p tcp --dport 80 -j ACCEPT;"
    "iptables-nft -N f2b-sshd; iptables-nft -I INPUT -p tcp --dport 22 -j f2b-sshd; iptables-nft -A f2b-sshd -j RETURN;"
    "nft add element inet filter banned '{ 192.0.2.1 }'"
)


def test_rules_of_dynamic_owners_are_left_as_they_are() -> None:
    with host_with(DOCKER) as host:
        armed = control.arm(host, RUN, 120)
        host.sh(
            "iptables-nft -A DOCKER -d 172.17.0.3/32 -p tcp --dport 81 -j ACCEPT;"
            "iptables-nft -D DOCKER 1; iptables-nft -I f2b-sshd -s 198.51.100.1 -j REJECT;"
            "nft add element inet filter banned '{ 192.0.2.2 }'"
        )
        only_dynamic = control.status(host)
        assert only_dynamic.changed_tables == []
        assert only_dynamic.fingerprint["static"] == armed.fingerprint["static"]
        assert only_dynamic.fingerprint["dynamic"] != armed.fingerprint["dynamic"]
        host.sh(
            "iptables-nft -D FORWARD -s 10.0.0.0/8 -j ACCEPT; iptables-nft -F DOCKER-USER; nft flush chain inet filter later"
        )
        restored = control.restore(host, RUN)
        assert restored.proven is True, restored
        save = host.sh("iptables-nft-save -t filter")
        for line in (
            "-A DOCKER-USER -s 10.1.1.1/32 -j DROP",
            "-A FORWARD -s 10.0.0.0/8 -j ACCEPT",
            "-A DOCKER -d 172.17.0.3/32 -p tcp -m tcp --dport 81 -j ACCEPT",
            "-A f2b-sshd -s 198.51.100.1/32 -j REJECT --reject-with icmp-port-unreachable",
            "-A INPUT -p tcp -m tcp --dport 22 -j f2b-sshd",
        ):
            assert save.splitlines().count(line) == 1, save
        assert "172.17.0.2" not in save, "a container that is gone since stays gone"
        elements = host.sh("nft list set inet filter banned")
        assert "192.0.2.1" in elements
        assert "192.0.2.2" in elements


def test_dynamic_rules_that_a_flush_took_come_back_as_recorded() -> None:
    with host_with(DOCKER) as host:
        before = host.sh("iptables-nft-save -t filter | grep -v '^#'")
        control.arm(host, RUN, 120)
        host.sh("iptables-nft -F")
        assert control.restore(host, RUN).proven is True
        assert host.sh("iptables-nft-save -t filter | grep -v '^#'") == before


def test_a_declared_list_of_owners_makes_the_others_static() -> None:
    with host_with(DOCKER) as host:
        control.arm(host, RUN, 120, owners=["docker"])
        host.sh("iptables-nft -I f2b-sshd -s 198.51.100.1 -j REJECT")
        assert control.restore(host, RUN).changed_tables == ["iptables/filter"]
        assert "198.51.100.1" not in host.sh("iptables-nft-save")
        assert "no dynamic owner is called podmann" in refused(
            control.arm, host, "run-2", 9, owners=["podmann"]
        )


def test_what_cannot_be_loaded_again_arms_nothing() -> None:
    """A table that mixes matches of iptables' modules with rules of nft: no tool can put it back."""
    mixed = "iptables-nft -A FORWARD -m string --string x --algo bm -j DROP; nft add rule ip filter FORWARD ip saddr 10.0.0.1 drop"
    with host_with(mixed) as host:
        assert "can't be restored" in refused(control.arm, host, RUN, 60)
        assert control.status(host).state == "none"
        assert host.sh("ls -A /var/lib/pathguard").split() == ["lock", "work"]
        assert host.guards() == []


def test_a_restore_by_the_timer_is_the_same_restore() -> None:
    with host_with(SETS, IPTABLES, LEGACY, SAVED) as host:
        armed = control.arm(host, RUN, 2)
        host.sh("nft flush ruleset; iptables-legacy -F; ipset destroy app; rm /etc/nftables.conf")
        fired = wait_for(host, "fired")
        assert fired.proven is True, fired
        assert fired.fingerprint == armed.fingerprint
        assert fired.changed_tables == [
            "file/etc/nftables.conf",
            "ip6tables/filter",
            "ipset/app",
            "iptables-legacy/filter",
            "iptables/filter",
            "nft/inet/filter",
            "nft/ip6/own",
        ]


def test_a_restore_that_does_not_take_says_so_loudly() -> None:
    """A file that can't be put back: its folder is read-only by then."""
    with host_with(SAVED) as host:
        control.arm(host, RUN, 120)
        host.sh(
            "echo x >> /etc/iptables/rules.v4; mount --bind /etc/iptables /etc/iptables; mount -o remount,ro,bind /etc/iptables"
        )
        host.sh("nft delete table inet filter")
        failed = control.restore(host, RUN)
        assert (failed.state, failed.proven) == ("failed", False)
        assert any(
            "NOT as recorded" in line and "file/etc/iptables/rules.v4" in line for line in failed.messages
        )
        assert any("restore-now" in line for line in failed.manual)
        assert "table inet filter" in host.sh("nft list tables"), (
            "one step that fails keeps no other from being done"
        )
        assert "failed" in refused(control.arm, host, "run-2", 9)
        host.sh("umount /etc/iptables")
        again = control.restore(host, RUN)
        assert (again.state, again.proven) == ("restored", True)


def test_a_file_that_is_a_mount_point_is_written_in_place() -> None:
    with host_with(
        SAVED, "cp /etc/nftables.conf /run/conf; mount --bind /run/conf /etc/nftables.conf"
    ) as host:
        before = host.sh("cat /etc/nftables.conf")
        control.arm(host, RUN, 120)
        host.sh("echo '# x' >> /etc/nftables.conf")
        assert control.restore(host, RUN).proven is True
        assert host.sh("cat /etc/nftables.conf") == before


def test_a_host_without_nft_is_restored_by_iptables() -> None:
    """The tools are taken away by a tmpfs over their folder: only legacy iptables is left."""
    with host_with(LEGACY, "mkdir /run/sbin; cp /usr/sbin/xtables-legacy-multi /run/sbin", native="") as host:
        host.sh(
            "cd /run/sbin; for n in iptables ip6tables; do for v in '' -save -restore; do"
            " ln -s xtables-legacy-multi $n-legacy$v; done; done; mount --bind /run/sbin /usr/sbin"
        )
        control.arm(host, RUN, 120)
        host.sh("/usr/sbin/iptables-legacy -F")
        restored = control.restore(host, RUN)
        assert (restored.proven, restored.changed_tables) == (True, ["iptables-legacy/filter"])


def test_a_host_without_any_tool_is_refused() -> None:
    with host_with("mkdir /run/sbin; mount --bind /run/sbin /usr/sbin", native=NATIVE) as host:
        assert "neither nft nor iptables" in refused(control.arm, host, RUN, 60)
