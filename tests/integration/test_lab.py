# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab is what it promises: real hosts, real firewalls, a real outage that hides behind a pool."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.pathguard_lab import topology
from tests.integration.lab_fixture import Lab

ALL_HOSTS = tuple(topology.HOSTS)
CUT_BY_26 = ["app08", "app09", "app10"]
APP_RULE = "10.10.1.0/24 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432"


def reaching(lab: Lab, database: str = "db1", family: int = 4) -> list[str]:
    """The app hosts that get an answer to a query over a new connection."""
    with ThreadPoolExecutor(len(lab.app_hosts)) as pool:
        answers = pool.map(lambda host: lab.query(host, database, family).stdout, lab.app_hosts)
    return [host for host, answer in zip(lab.app_hosts, answers) if answer == "500\n"]


@pytest.mark.parametrize("database", ["db1", "db2"])
@pytest.mark.parametrize("family", [4, 6])
def test_every_app_host_reaches_both_databases(lab: Lab, database: str, family: int) -> None:
    assert reaching(lab, database, family) == list(lab.app_hosts)


def psql(lab: Lab, host: str, statement: str, database: str = "shop") -> str:
    """What the database's own administrator gets as an answer."""
    command = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups",
               "env", "--chdir", "/", "psql", "--host", "/run/postgresql", "-AtX", database]  # fmt: skip
    return lab.run(host, command, stdin=statement, check=True).stdout.strip()


def test_standby_follows_primary(fresh_lab: Lab) -> None:
    psql(fresh_lab, "db1", "INSERT INTO orders VALUES (501, now(), 'new')")
    deadline = time.monotonic() + 5
    while psql(fresh_lab, "db2", "SELECT count(*) FROM orders") != "501":
        assert time.monotonic() < deadline, "the standby does not get what the primary has"
        time.sleep(0.1)
    follows = psql(fresh_lab, "db1", "SELECT client_addr, state FROM pg_stat_replication")
    assert follows in ("10.20.1.11|streaming", "fd00:20:1::b|streaming")
    psql(fresh_lab, "db1", "DELETE FROM orders WHERE id = 501")


@pytest.mark.parametrize(
    ("mask", "mask6", "kept"), [("/25", "/121", 9), ("/26", "/122", 7), ("/27", "/123", 3)]
)
def test_single_bits_of_a_mask_matter(fresh_lab: Lab, mask: str, mask6: str, kept: int) -> None:
    fresh_lab.run(
        "fw1",
        f"sed -i -e 's,ip saddr 10.10.1.0/24,ip saddr 10.10.1.0{mask},'"
        f" -e 's,ip6 saddr fd00:10:1::/64,ip6 saddr fd00:10:1::{mask6},' /etc/nftables.conf && reload-firewall",
        check=True,
    )
    assert reaching(fresh_lab) == list(fresh_lab.app_hosts[:kept])
    assert reaching(fresh_lab, family=6) == list(fresh_lab.app_hosts[:kept])


def test_pooled_connections_hide_the_cut(fresh_lab: Lab) -> None:
    fresh_lab.run(
        "fw1",
        "sed -i 's,10.10.1.0/24 ip daddr,10.10.1.0/26 ip daddr,' /etc/nftables.conf && reload-firewall",
        check=True,
    )
    deadline = time.monotonic() + 15
    while (
        sorted(host for host in fresh_lab.app_hosts if not fresh_lab.app(host)["new_connection"]["ok"])
        != CUT_BY_26
    ):
        assert time.monotonic() < deadline, "the applications do not notice"
        time.sleep(0.2)
    for host in CUT_BY_26:
        status = fresh_lab.app(host)
        assert status["pool"] == {"size": 3, "alive": 3, "last_error": None, "writes": 0}
        assert "timeout expired" in status["new_connection"]["error"]


def test_running_rules_are_the_saved_ones(lab: Lab) -> None:
    """Loading what is saved changes nothing, on the nft host and on the iptables host."""
    iptables = "{ iptables-nft-save; ip6tables-nft-save; ipset save | sort; } | sed -e '/^[#:]/d' -e 's/ initval .*//'"
    for host, look in {"fw1": "nft -s list ruleset", "db1": "nft -s list ruleset", "fw2": iptables}.items():
        before = lab.run(host, look, check=True).stdout
        assert "5432" in before
        lab.run(host, "reload-firewall", check=True)
        assert lab.run(host, look, check=True).stdout == before
    assert APP_RULE in lab.run("fw1", "nft -s list ruleset").stdout


def test_second_firewall_holds_equivalent_rules(fresh_lab: Lab) -> None:
    fresh_lab.route(ecmp=True)
    fresh_lab.run("fw1", "nft flush chain inet filter forward", check=True)
    seen = "ip -4 route show 10.20.1.0/24; ip -6 route show fd00:20:1::/64"
    routes = fresh_lab.run("app01", seen).stdout
    assert all(f"via {way}" in routes for way in ("10.10.1.1", "10.10.1.2", "fd00:10:1::1", "fd00:10:1::2"))
    for host in ("app01", "app10"):
        fresh_lab.run(host, "ip route replace 10.20.1.0/24 via 10.10.1.2", check=True)
        fresh_lab.run(
            host,
            "ip -6 route delete fd00:20:1::/64; ip -6 route add fd00:20:1::/64 via fd00:10:1::2",
            check=True,
        )
    fresh_lab.run("db1", "ip route replace 10.10.1.0/24 via 10.20.1.2", check=True)
    fresh_lab.run(
        "db1",
        "ip -6 route delete fd00:10:1::/64; ip -6 route add fd00:10:1::/64 via fd00:20:1::2",
        check=True,
    )
    for host in ("app01", "app10"):
        assert fresh_lab.query(host).stdout == "500\n"
        assert fresh_lab.query(host, family=6).stdout == "500\n"
    fresh_lab.run("fw2", "ipset del app_hosts 10.10.1.200", check=True)
    assert fresh_lab.query("app01").stdout == "500\n"
    assert fresh_lab.query("app10").returncode != 0


def test_both_legs_carry_connections(fresh_lab: Lab) -> None:
    fresh_lab.route(ecmp=True)
    for _unused in range(3):
        assert reaching(fresh_lab) == list(fresh_lab.app_hosts)
        assert reaching(fresh_lab, family=6) == list(fresh_lab.app_hosts)
    for firewall in ("fw1", "fw2"):
        seen = fresh_lab.run(
            firewall, "conntrack -L -p tcp --dport 5432 2>/dev/null | grep -c ASSURED"
        ).stdout
        assert int(seen) > 0, f"nothing went over {firewall}"


def test_ansible_reaches_every_host_with_the_inventory_unchanged(lab: Lab) -> None:
    done = lab.ansible("all", "-m", "command", "-a", "id -u", program="ansible")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [host for host in ALL_HOSTS if f"{host} | CHANGED | rc=0 >>\n0\n" in done.stdout] == list(
        ALL_HOSTS
    )


def test_ansible_leaves_nothing_in_the_home_folder(lab: Lab, tmp_path: Path) -> None:
    state = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(lab.xdg_state_home)}
    done = lab.ansible("fw1", "-m", "ping", program="ansible", env=state)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_host_keys_are_checked(lab: Lab) -> None:
    wrong = lab.state_dir / "wrong_known_hosts"
    wrong.write_text((lab.ssh / "known_hosts").read_text().replace("10.99.0.2,fw1 ", "10.99.0.99 "))
    right = ["ssh", "-F", str(lab.ssh / "config"), "fw1", "hostname"]
    assert lab.in_controller(right).stdout == "fw1\n"
    refused = lab.in_controller([*right[:3], "-o", f"UserKnownHostsFile={wrong}", *right[3:]])
    wrong.unlink()
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr


def test_password_login_and_password_sudo(lab: Lab) -> None:
    password = lab.ssh / "opspw.password"
    login = ["ssh", "-F", str(lab.ssh / "config"), "-o", "PubkeyAuthentication=no", "-l", "opspw"]
    asked = ["sshpass", "-f", str(password), *login, "fw1", "sudo -n true; sudo -S -p '' id -u"]
    done = lab.in_controller(asked, stdin=password.read_text())
    assert done.stdout == "0\n"
    assert "password is required" in done.stderr
    refused = lab.in_controller(["sshpass", "-f", str(password), *login, "fw2", "id"])
    assert refused.returncode != 0
    assert "Permission denied" in refused.stderr


def test_hosts_see_no_service_manager_and_little_of_the_machine(lab: Lab) -> None:
    for host in ("fw1", "db1", "app01"):
        seen = lab.run(
            host, "ls -d /run/systemd /etc/docker 2>/dev/null; ls /root /srv /mnt; hostname"
        ).stdout
        assert "systemd" not in seen
        assert seen.splitlines()[-1] == host
    assert not lab.in_controller(["ls", "/run/systemd"]).stdout
    names = json.loads(lab.run("fw1", "ip -j link show").stdout)
    assert sorted(link["ifname"] for link in names) == ["app0", "db0", "lo", "mgmt0"]


def test_hosts_cannot_change_the_machine_s_kernel(lab: Lab) -> None:
    for file in ("/proc/sys/kernel/hostname", "/proc/sys/vm/swappiness", "/proc/sysrq-trigger"):
        done = lab.run("fw1", f"cat {file} > {file}")
        assert done.returncode != 0
    clock = lab.run("fw1", "date -s @0")
    assert "Operation not permitted" in clock.stderr


def test_no_way_out(lab: Lab) -> None:
    """No namespace of the lab has a route or an interface that leads elsewhere."""
    for host in (topology.CONTROLLER, *ALL_HOSTS):
        run = (
            lab.in_controller
            if host == topology.CONTROLLER
            else lambda command, host=host: lab.run(host, command)
        )
        links = json.loads(run(["ip", "-j", "-d", "link", "show"]).stdout)
        kinds = {link["ifname"]: link.get("linkinfo", {}).get("info_kind") for link in links}
        assert kinds.pop("lo") is None
        assert set(kinds.values()) == {"veth"}
        routes = (
            run(["ip", "route", "show", "default"]).stdout
            + run(["ip", "-6", "route", "show", "default"]).stdout
        )
        assert routes == ""


def test_reset_notices_a_change_on_any_layer(fresh_lab: Lab) -> None:
    for host, change in {
        "fw1": "nft add rule inet filter forward counter",
        "fw2": "ipset del app_hosts 10.10.1.5",
        "app01": "echo 2.0.0 > /opt/pathguard-app/VERSION",
        "app02": "ip route delete 10.20.1.0/24",
        "app03": "setsid sleep 1000 >/dev/null 2>&1 &",
        "app04": "mv /usr/sbin/nft /usr/sbin/nft.away",
    }.items():
        fresh_lab.run(host, change, check=True)
    assert fresh_lab.reset() == ["fw1", "fw2", "app01", "app02", "app03", "app04"]
    assert fresh_lab.reset() == []
    assert reaching(fresh_lab) == list(fresh_lab.app_hosts)


def test_reboot_forgets_memory_and_keeps_the_disk(fresh_lab: Lab) -> None:
    look = "cat /proc/sys/kernel/random/boot_id"
    before = fresh_lab.run("fw1", look).stdout
    fresh_lab.run(
        "fw1",
        "nft flush ruleset; touch /run/gone /var/lib/stays; setsid sleep 999 >/dev/null 2>&1 &",
        check=True,
    )
    fresh_lab.reboot("fw1")
    assert fresh_lab.run("fw1", look).stdout not in ("", before)
    assert APP_RULE in fresh_lab.run("fw1", "nft list ruleset").stdout
    assert (
        fresh_lab.run("fw1", "ls /run/gone /var/lib/stays 2>/dev/null; pgrep -x sleep").stdout
        == "/var/lib/stays\n"
    )
    fresh_lab.wait_for_apps()
    assert reaching(fresh_lab) == list(fresh_lab.app_hosts)
    assert fresh_lab.ansible("fw1", "-m", "ping", program="ansible").returncode == 0


@pytest.mark.parametrize("host", ["db1", "db2", "fw2", "app05"])
def test_every_kind_of_host_comes_back_from_a_reboot(fresh_lab: Lab, host: str) -> None:
    fresh_lab.reboot(host)
    fresh_lab.wait_for_apps()
    assert fresh_lab.query("app05", "db2").stdout == "500\n"
