# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guard decides, and why: faults that are not in the catalogue (test_fault_catalogue.py), changes that are
expected, violations before the change, bad input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.guard_play import Guarded, fw1, on_fw1
from tests.integration.lab_fixture import Lab

PRIMARY = "app to primary"
APP4 = [
    "10.10.1.5",
    "10.10.1.14",
    "10.10.1.23",
    "10.10.1.33",
    "10.10.1.41",
    "10.10.1.52",
    "10.10.1.62",
    "10.10.1.66",
    "10.10.1.100",
    "10.10.1.200",
]
FILE = "/etc/nftables.conf"


def edit(expression: str) -> str:
    """Edit the saved rules, and load them."""
    return f"sed -i -e '{expression}' {FILE} && reload-firewall"


@dataclass(frozen=True)
class Fault:
    """The sources that are ``cut`` off, and a piece of a rule that the remedy or the deciding rules must show."""

    name: str
    command: str
    cut: list[str]
    evidence: str


FAULTS = (
    Fault(
        "reject inserted above",
        "nft insert rule inet filter forward ip saddr 10.10.1.5 reject",
        ["10.10.1.5"],
        "10.10.1.5 reject",
    ),
    Fault("rule deleted", edit("/10.10.1.0\\/24 ip daddr/d"), APP4, "10.10.1.0/24"),
    Fault(
        "source host left out",
        edit("s,ip saddr 10.10.1.0/24 ip daddr,ip saddr 10.10.1.0/24 ip saddr != 10.10.1.52 ip daddr,"),
        ["10.10.1.52"],
        "10.10.1.52",
    ),
    Fault(
        "another hook denies",
        "nft add table ip other && "
        "nft 'add chain ip other early { type filter hook prerouting priority -150; }' && "
        "nft add rule ip other early ip saddr 10.10.1.200 tcp dport 5432 drop",
        ["10.10.1.200"],
        "10.10.1.200",
    ),
)


# In the short run.
QUICK = {"another hook denies", "a typo in the policy", "a pattern of nobody", "an unwritable folder"}


def named(name: str, *values: object) -> Any:
    return pytest.param(*values, id=name, marks=[] if name in QUICK else pytest.mark.long)


@pytest.fixture
def guarded(ruled_lab: Lab, tmp_path: Path) -> Guarded:
    return Guarded(ruled_lab, tmp_path)


@pytest.mark.parametrize("fault", [named(fault.name, fault) for fault in FAULTS])
def test_a_fault_is_caught_named_and_reverted(guarded: Guarded, fault: Fault) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([on_fw1(fault.command)], hosts="app01")
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    path = done.path(PRIMARY)
    assert (path["status"], path["cut"]["from"]) == ("partial", fault.cut)
    change = next(item for item in done.guard["paths"] if item["name"] == PRIMARY)
    assert change["change"] == "newly violated"
    told = [place["text"] for cure in path["remedy"] for place in (cure["before"], cure["now"]) if place]
    told += [rule["text"] for decision in path["deciding"] for rule in decision["rules"]]
    assert any(fault.evidence in text for text in told), told
    assert (done.guard["revert"]["fingerprint"], done.guard["revert"]["paths"]) == (True, True)
    assert fw1(guarded.lab) == before


# The databases' own firewalls would still refuse a login: this asks about the firewall in between alone.
NOTHING_ELSE = "app hosts reach nothing else behind fw1"
DENIES = {"required": ["default_action"], "properties": {"default_action": {"const": "deny"}}}
STRICT = {
    "requiredPaths": [
        {"name": PRIMARY, "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ],
    "forbiddenPaths": [
        {"name": NOTHING_ELSE, "from": {"group": "app"}, "to": {"prefix": "10.20.1.128/25"}, "service": "ssh"}
    ],
}
OPENINGS = {
    "ruleset flushed": "nft flush ruleset",
    "an accept above all": "nft insert rule inet filter forward iifname app0 accept",
}


@pytest.mark.parametrize("command", [named(*item) for item in OPENINGS.items()])
def test_a_forbidden_path_that_opens_is_caught_and_closed(guarded: Guarded, command: str) -> None:
    before = fw1(guarded.lab)
    done = guarded.run([on_fw1(command)], hosts="app01", policy=STRICT)
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    path = done.path(NOTHING_ELSE)
    assert path["satisfied"] == "no"
    assert path["permitted"]["to"][0].startswith("10.20.1.128")
    assert {item["name"]: item["change"] for item in done.guard["paths"]} == {
        PRIMARY: "same",
        NOTHING_ELSE: "newly violated",
    }
    assert fw1(guarded.lab) == before


def test_a_fact_of_the_configuration_that_is_lost_is_caught(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    rulesets = {"required": ["inet/filter/forward"], "properties": {"inet/filter/forward": DENIES}}
    fw1_state = {"required": ["rulesets"], "properties": {"rulesets": rulesets}}
    policy = {**STRICT, "properties": {"hosts": {"required": ["fw1"], "properties": {"fw1": fw1_state}}}}
    del policy["forbiddenPaths"]
    command = "nft 'add chain inet filter forward { policy accept; }'"
    done = guarded.run([on_fw1(command)], hosts="app01", policy=policy)
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert any("default_action" in reason for reason in done.guard["reasons"])
    assert fw1(guarded.lab) == before


def test_an_order_without_effect_is_kept(guarded: Guarded) -> None:
    """Two hundred more harmless changes are in test_harmless_changes.py; this one goes all the way."""
    before = fw1(guarded.lab)
    command = edit("/ct state invalid counter drop/{h;d};/ip6 daddr { fd00:20:1::a/{G}")
    done = guarded.run([on_fw1(command)], hosts="app01")
    assert (done.code, done.decisions) == (0, ["confirmed"]), done.output
    assert {path["change"] for path in done.guard["paths"]} == {"same"}
    assert fw1(guarded.lab) != before


@pytest.mark.long
def test_a_firewall_that_locks_the_controller_out_is_put_back_by_its_own_timer(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    lock = "nft insert rule inet filter input ct state new tcp dport 22 drop; nft insert rule inet filter forward ip saddr 10.10.1.5 drop"
    done = guarded.run([on_fw1(lock)], hosts="app01", timeout=40)
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    # Whether the guard met the locked door or came just after the timer had opened it, it names fw1.
    assert any(reason.startswith("fw1") for reason in done.guard["reasons"]), done.guard["reasons"]
    revert = done.guard["revert"]
    assert (revert["by_timer"], revert["fingerprint"], revert["paths"]) == (["fw1"], True, True)
    assert fw1(guarded.lab) == before


def test_a_change_that_takes_longer_than_the_timer_is_told_so(guarded: Guarded) -> None:
    before = fw1(guarded.lab)
    slow = {
        "name": "Take long",
        "ansible.builtin.command": "sleep 8",
        "run_once": True,
        "changed_when": False,
    }
    narrow = edit("s,10.10.1.0/24 ip daddr,10.10.1.0/26 ip daddr,")
    done = guarded.run([on_fw1(narrow), slow], hosts="app01", timeout=5)
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    cause = done.guard["reasons"][0]
    assert "longer than path_guard_timeout (5 s), and meanwhile fw1 put the rules back by the timer" in cause
    assert "set path_guard_timeout to 60 or more" in cause
    assert cause in done.output
    assert set(done.guard["revert"]["changed"]["fw1"]) == {"nft/inet/filter", "file/etc/nftables.conf"}
    assert fw1(guarded.lab) == before


@pytest.mark.long
def test_source_validation_that_drops_what_comes_in_is_named(guarded: Guarded) -> None:
    """db1 answers the application network over the management network: well, until it checks sources."""
    lab = guarded.lab
    lab.run("db1", "ip route replace 10.10.1.0/24 via 10.99.0.2 dev mgmt0", check=True)
    policy = """
requiredPaths:
  - name: app to primary
    from: {group: app, addresses: [10.10.1.0/24]}
    to: {group: db_primary, addresses: [10.20.1.0/24]}
    service: postgresql
    families: [ipv4]
"""
    (guarded.folder / "policy.yml").write_text(policy)
    setting = {
        "name": "Harden the database",
        "ansible.builtin.command": "sysctl -w net.ipv4.conf.all.rp_filter=1",
        "delegate_to": "db1",
        "run_once": True,
        "changed_when": True,
    }
    done = guarded.run([setting], hosts="app01", policy=str(guarded.folder / "policy.yml"))
    assert (done.code, done.decisions) == (2, ["failed"]), done.output
    path = done.path(PRIMARY)
    assert (path["status"], path["before"]["status"]) == ("blocked", "open")
    [cure] = path["remedy"]
    assert (cure["host"], cure["change"]) == ("db1", "settings")
    assert cure["commands"] == ["sysctl -w net.ipv4.conf.all.rp_filter=0"]
    assert "rp_filter of db0 is strict" in done.output
    assert "net.ipv4.conf.all.rp_filter was changed" in done.output


@pytest.mark.long
def test_a_database_that_is_down_is_no_firewalls_fault(guarded: Guarded) -> None:
    """Rules and routes are as before; new connections are not."""
    before = fw1(guarded.lab)
    stop = on_fw1(
        'su postgres -s /bin/sh -c "$(find /usr/lib/postgresql -name pg_ctl | head -n 1) -D /var/lib/postgresql/main -m immediate stop"'
    )
    done = guarded.run([{**stop, "delegate_to": "db1"}], hosts="app01", probe=True)
    assert (done.code, done.decisions) == (2, ["failed"]), done.output
    assert {item["result"] for item in done.guard["probes"]["disagreements"]} == {"refused"}
    assert "nothing listens there" in done.output
    assert fw1(guarded.lab) == before


def test_an_expected_change_is_told_and_kept(guarded: Guarded) -> None:
    command = edit("s,10.10.1.0/24 ip daddr,10.10.1.0/25 ip daddr,")
    both = [PRIMARY, "app to standby, for a failover"]
    done = guarded.run([on_fw1(command)], hosts="app01", expected_changes=both)
    assert (done.code, done.decisions) == (0, ["confirmed"]), done.output
    assert [path["change"] for path in done.guard["paths"]] == ["expected", "expected", "same"]


def test_a_violation_before_the_change_stops_it(guarded: Guarded) -> None:
    command = edit("s,10.10.1.0/24 ip daddr,10.10.1.0/25 ip daddr,")
    guarded.lab.run("fw1", command, check=True)
    before = fw1(guarded.lab)
    done = guarded.run([on_fw1("nft flush ruleset")], hosts="app01")
    assert (done.code, done.decisions) == (2, ["stopped"]), done.output
    assert "already violated before the change: app to primary" in done.output
    assert fw1(guarded.lab) == before


def test_an_accepted_violation_may_not_grow(guarded: Guarded) -> None:
    guarded.lab.run("fw1", edit("s,10.10.1.0/24 ip daddr,10.10.1.0/25 ip daddr,"), check=True)
    before = fw1(guarded.lab)
    done = guarded.run(
        [on_fw1(edit("s,10.10.1.0/25 ip daddr,10.10.1.0/26 ip daddr,"))],
        hosts="app01",
        accept_violations=True,
    )
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    assert {path["change"] for path in done.guard["paths"]} == {"worse", "same"}
    assert fw1(guarded.lab) == before


def test_rules_that_cant_be_read_stop_it_before_anything_is_changed(guarded: Guarded) -> None:
    """Nothing could be proven of such a firewall, before or after: an outage would be kept."""
    guarded.lab.run("fw1", "mv /usr/sbin/nft /usr/sbin/nft.away", check=True)
    done = guarded.run([on_fw1("nft.away flush chain inet filter forward")], hosts="app01")
    assert done.code == 2, done.output
    assert "the firewall rules of fw1 can't be read" in done.output
    assert "ready for the change" not in done.output
    assert "10.10.1.0/24" in guarded.lab.run("fw1", "nft.away list chain inet filter forward").stdout


BAD_INPUT = {
    "a typo in the policy": ({"policy": {"requiredPath": []}}, "requiredPath"),
    "a policy that is not there": ({"policy": "nowhere.yml"}, "the policy can't be read"),
    "an empty group": (
        {
            "policy": {
                "requiredPaths": [
                    {"name": "p", "from": {"group": "nobody"}, "to": {"group": "db"}, "service": "ssh"}
                ]
            }
        },
        "where: $.requiredPaths[0].from.group in the inline policy",
    ),
    "no such file of tasks": ({"change_tasks": "nowhere.yml"}, "there is no such file of tasks"),
    "tasks that are no YAML": ({"change_tasks": "broken.yml"}, "broken.yml:2"),
    "what is no list of tasks": ({"change_tasks": "notes.yml"}, "this is no list of tasks"),
    "an unwritable folder": ({"snapshot_dir": "/proc/nowhere"}, "snapshots can't be written here"),
    "a path that is not in the policy": ({"expected_changes": ["nonesuch"]}, "the policy has no path"),
    "a pattern of nobody": ({"protect": "fw9"}, "path_guard_protect matches no host"),
    "a bad run id": ({"run_id": "../x"}, "is no run id"),
}


@pytest.mark.parametrize(
    ("variables", "message"), [named(name, *values) for name, values in BAD_INPUT.items()]
)
def test_bad_input_is_one_clear_error_before_anything_is_armed(
    guarded: Guarded, variables: dict[str, object], message: str
) -> None:
    before = fw1(guarded.lab)
    (guarded.folder / "broken.yml").write_text("- ansible.builtin.debug:\n    msg: note: this\n")
    guarded.write("notes.yml", {"name": "no tasks"})
    done = guarded.run([on_fw1("nft flush ruleset")], hosts="app01", **variables)
    assert done.code == 2, done.output
    assert message in done.output
    assert "Traceback" not in done.output
    assert "ready for the change" not in done.output
    assert fw1(guarded.lab) == before


def test_several_bad_hosts_are_named_at_once_each_with_its_reason(guarded: Guarded) -> None:
    """A host that is down, a wrong password and an unknown key, in one step of the guard."""
    before = fw1(guarded.lab)
    wrong = guarded.folder / "no_known_hosts"
    wrong.write_text("")
    keys = f"-o UserKnownHostsFile={wrong} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
    hosts = {
        "app02": {"ansible_host": "10.99.0.250"},
        "app03": {"ansible_ssh_private_key_file": "", "ansible_password": "wrong"},
        "app04": {"ansible_ssh_common_args": keys},
    }
    (guarded.folder / "host_vars").mkdir()
    for name, variables in hosts.items():
        guarded.write(f"host_vars/{name}.yml", variables)
    done = guarded.run([on_fw1("nft flush ruleset")], hosts="app01")
    assert done.code == 2, done.output
    assert "3 of 13 hosts could not be read; nothing was changed, nothing is armed:" in done.output
    for words in (
        "app02 (ops@10.99.0.250 port 22): there is no way to the host; check the address",
        "app03 (ops@10.99.0.103 port 22): the host refuses the login; check the user",
        "app04 (ops@10.99.0.104 port 22): the host key is not known: ssh-ed25519 SHA256:",
    ):
        assert words in done.output
    assert fw1(guarded.lab) == before


def test_a_full_disk_is_told_before_anything_is_read(guarded: Guarded) -> None:
    folder = guarded.folder / "full"
    folder.mkdir()
    guarded.lab.in_controller(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)])
    try:
        done = guarded.run([on_fw1("nft flush ruleset")], hosts="app01", snapshot_dir=str(folder))
    finally:
        guarded.lab.in_controller(["umount", str(folder)])
    assert done.code == 2, done.output
    assert "snapshots can't be written here: No space left on device (about 1" in done.output
    assert f"where: {folder}" in done.output
    assert "hosts read" not in done.output
