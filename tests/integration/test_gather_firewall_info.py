# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firewall_info as plays use it: hosts, transports, snapshots, errors."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gather_lab import password_of
from tests.integration.gather_play import play
from tests.integration.lab_fixture import INVENTORY, Lab

MODULE = "pathguard.network.firewall_info"


def task(name: str, task_keywords: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        MODULE: options,
        "ignore_errors": True,
        "ignore_unreachable": True,
        **(task_keywords or {}),
    }


def one_clear_error(result: dict[str, Any]) -> str:
    text: str = result["msg"]
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) <= 5, text
    assert "Traceback" not in text
    assert "what to do" in text
    return text


@pytest.mark.matrix
def test_own_host_several_hosts_and_both_transports(lab: Lab, tmp_path: Path) -> None:
    played = play(
        lab,
        tmp_path,
        [
            task("own", snapshot_dir="snapshots/own"),
            task("several", hosts=["fw1", "fw2", "app01", "db1"], snapshot_dir=str(tmp_path / "several")),
            task(
                "connection",
                transport="connection",
                hosts=["fw1", "fw2"],
                snapshot_dir="snapshots/connection",
            ),
            task("state", return_state=True),
        ],
    )
    assert played.rc == 0, played.text
    own = played.of("own")
    assert own["changed"] is False
    assert own["firewall"] == own["firewalls"]["fw1"]
    assert own["firewall"]["platform"] == "linux"
    assert own["firewall"]["rulesets"]["inet/filter/forward"] > 5
    assert own["firewall"]["unreadable"] == []
    assert own["firewall"]["snapshot"] == str(tmp_path / "snapshots" / "own" / "fw1.json"), (
        "relative to the playbook"
    )
    several = played.of("several")
    assert sorted(several["firewalls"]) == ["app01", "db1", "fw1", "fw2"]
    assert "firewall" not in several
    assert sorted(path.name for path in (tmp_path / "several").iterdir()) == [
        "app01.json",
        "db1.json",
        "fw1.json",
        "fw2.json",
    ]
    over_ansible = played.of("connection")["firewalls"]["fw1"]
    assert over_ansible["rulesets"] == own["firewall"]["rulesets"]
    assert over_ansible["fingerprint"] == own["firewall"]["fingerprint"]
    assert played.of("state")["firewall"]["state"]["hostname"] == "fw1"


def test_snapshot_holds_what_every_command_printed(lab: Lab, tmp_path: Path) -> None:
    play(lab, tmp_path, [task("read", snapshot_dir="s")])
    path = tmp_path / "s" / "fw1.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    document = json.loads(path.read_text())
    assert (document["format"], document["host"], document["platform"], document["run_id"]) == (
        1,
        "fw1",
        "linux",
        None,
    )
    raw = {item["name"]: item for item in document["raw"]}
    nft = lab.run("fw1", "nft -j list chains", check=True)
    names = {item["chain"]["name"] for item in json.loads(nft.stdout)["nftables"] if "chain" in item}
    seen = {
        item["chain"]["name"] for item in json.loads(raw["nft_json"]["stdout"])["nftables"] if "chain" in item
    }
    assert seen == names
    assert raw["nft_json"]["rc"] == 0
    assert "net.ipv4.ip_forward = 1\n" in raw["sysctl"]["stdout"]
    assert '"ifname":"app0"' in raw["addresses"]["stdout"].replace(" ", "")
    assert "sshd" in raw["listeners"]["stdout"]
    assert f"boot_id={lab.run('fw1', 'cat /proc/sys/kernel/random/boot_id').stdout}" in raw["os"]["stdout"]
    assert "policy drop" in raw["saved_nft"]["stdout"]
    assert raw["iptables_legacy"]["absent"]


def test_iptables_and_ipset_of_the_other_firewall(lab: Lab, tmp_path: Path) -> None:
    play(lab, tmp_path, [task("read", snapshot_dir="s")], hosts="fw2")
    raw = {item["name"]: item for item in json.loads((tmp_path / "s" / "fw2.json").read_text())["raw"]}
    assert "-A FORWARD" in raw["iptables_nft"]["stdout"]
    assert "-A FORWARD" in raw["ip6tables_nft"]["stdout"]
    assert "create " in raw["ipset"]["stdout"]


def test_reading_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    look = "nft -s list ruleset; cat /proc/modules | cut -d' ' -f1; cat /proc/net/ip_tables_names; find /tmp /run /var/tmp -newer /proc/1 | wc -l"
    before = lab.run("fw1", look).stdout
    play(lab, tmp_path, [task("read")], "--check")
    assert lab.run("fw1", look).stdout == before


def test_without_root_nothing_is_taken_for_an_empty_firewall(lab: Lab, tmp_path: Path) -> None:
    played = play(lab, tmp_path, [task("read", {"vars": {"ansible_become": False}}, return_state=True)])
    found = played.of("read")["firewall"]
    unreadable = {item["what"]: item["reason"] for item in found["unreadable"]}
    assert "Operation not permitted" in unreadable["nft_json"]
    assert found["state"]["firewall_known"] is False
    assert played.of("read")["state"] == found["state"]


def test_nft_is_not_installed_but_the_kernel_has_its_rules(lab: Lab, tmp_path: Path) -> None:
    lab.run("fw1", "mv /usr/sbin/nft /usr/sbin/nft.off", check=True)
    try:
        found = play(lab, tmp_path, [task("read", return_state=True)]).of("read")["firewall"]
    finally:
        lab.run("fw1", "mv /usr/sbin/nft.off /usr/sbin/nft", check=True)
    unreadable = {item["what"]: item["reason"] for item in found["unreadable"]}
    assert "not installed" in unreadable["nft_json"]
    assert found["state"]["firewall_known"] is False


def test_output_cut_short(lab: Lab, tmp_path: Path) -> None:
    # A tool that kills the shell it is run by, in the middle of all commands.
    lab.run(
        "fw1",
        "printf '#!/bin/sh\nkill -KILL $PPID $(ps -o ppid= -p $PPID)\n' > /usr/local/sbin/ipset; chmod 755 /usr/local/sbin/ipset",
        check=True,
    )
    try:
        result = play(lab, tmp_path, [task("read", snapshot_dir="s")]).of("read")
    finally:
        lab.run("fw1", "rm /usr/local/sbin/ipset", check=True)
    assert "output cut short: no end of ipset" in one_clear_error(result)
    assert not (tmp_path / "s" / "fw1.json").exists()


def test_good_hosts_are_kept_when_others_fail(lab: Lab, tmp_path: Path) -> None:
    inventory = tmp_path / "more.yml"
    inventory.write_text(
        "lab:\n  hosts:\n    down: {ansible_host: 10.99.0.250}\n    refused: {ansible_host: 127.0.0.1, ansible_port: 2298}\n"
        "    nameless: {ansible_host: nowhere.invalid}\n    stranger: {ansible_host: 10.99.0.3, ansible_user: nobody}\n"
    )
    names = ["fw1", "down", "refused", "nameless", "stranger"]
    played = play(
        lab,
        tmp_path,
        [task("read", hosts=names)],
        "-i",
        str(INVENTORY),
        "-i",
        str(inventory),
        hosts="app01",
        env={"ANSIBLE_TIMEOUT": "2"},
    )
    result = played.of("read", "app01")
    assert result["failed"] is True
    assert "was_unreachable" not in result
    assert sorted(result["firewalls"]) == ["fw1"]
    assert sorted(result["errors"]) == ["down", "nameless", "refused", "stranger"]
    lines = result["msg"].splitlines()
    assert lines[0] == "4 of 5 hosts could not be read:"
    reasons = {
        "down": "does not answer within 2 s; check that it is up",
        "refused": "the connection is refused: nothing listens there; check the port",
        "nameless": "the host name 'nowhere.invalid' can't be resolved",
        "stranger": "the host refuses the login; check the user",
    }
    for line, (name, reason) in zip(lines[1:], reasons.items(), strict=True):
        assert line.startswith(f"{name} ("), "where"
        assert reason in line, "what, and what to do"
        assert reason.partition(";")[0] in result["errors"][name]


def test_a_folder_that_cant_be_written_is_told_before_any_login(lab: Lab, tmp_path: Path) -> None:
    """The host is down, and that is not what is told: nothing was asked of it."""
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    lab.in_controller(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path / "full")])
    try:
        down = {"vars": {"ansible_host": "10.99.0.250"}}
        names = {"No such file": "/proc/s", "Not a directory": "file/s", "No space left": "full/s"}
        tasks = [task(words, down, snapshot_dir=place) for words, place in names.items()]
        played = play(lab, tmp_path, tasks)
    finally:
        lab.in_controller(["umount", str(tmp_path / "full")])
    for words in names:
        text = one_clear_error(played.of(words))
        assert f"snapshots can't be written here: {words}" in text
        assert "name another by snapshot_dir" in text


def test_own_host_that_is_down_is_unreachable(lab: Lab, tmp_path: Path) -> None:
    closed = {"vars": {"ansible_port": 2222}}
    tasks = [
        task("own", closed),
        task("named", closed, hosts=["fw1"]),
        task("by ansible", closed, transport="connection"),
    ]
    played = play(lab, tmp_path, tasks, env={"ANSIBLE_TIMEOUT": "2"})
    for name in ("own", "named", "by ansible"):
        assert played.of(name)["was_unreachable"] is True, played.text
    assert "does not answer within 2 s" in played.of("own")["msg"]
    assert "Traceback" not in played.text


@pytest.mark.matrix
def test_passwords_from_the_command_line(lab: Lab, tmp_path: Path) -> None:
    secret = password_of(lab)
    (tmp_path / "secret").write_text(secret)
    (tmp_path / "secret").chmod(0o600)
    arguments = [
        f"--connection-password-file={tmp_path}/secret",
        f"--become-password-file={tmp_path}/secret",
        "-vvvvv",
    ]
    users = ["-e", "ansible_user=opspw", "-e", "ansible_ssh_private_key_file="]
    log = tmp_path / "ansible.log"
    played = play(
        lab,
        tmp_path,
        [
            task("own", snapshot_dir="s"),
            task("by ansible", transport="connection"),
            task("other", hosts=["fw1"]),
        ],
        *arguments,
        *users,
        env={"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_DEBUG": "0"},
    )
    assert played.of("own")["firewall"]["rulesets"], played.text[-2000:]
    assert played.of("by ansible")["firewall"]["rulesets"]
    assert secret not in played.text
    assert secret not in log.read_text()
    assert secret not in (tmp_path / "s" / "fw1.json").read_text()
    assert secret not in (tmp_path / "results.jsonl").read_text()


def test_prompted_passwords_reach_hops_outside_of_the_play(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(password_of(lab))
    (tmp_path / "secret").chmod(0o600)
    played = play(
        lab,
        tmp_path,
        [task("hop", hosts=["fw1"], host_key_checking=True)],
        f"--connection-password-file={tmp_path}/secret",
        f"--become-password-file={tmp_path}/secret",
        "-e",
        "ansible_user=opspw",
        "-e",
        "ansible_ssh_private_key_file=",
        hosts="app01",
    )
    assert played.of("hop", "app01")["firewall"]["rulesets"], played.text[-2000:]


def test_a_password_of_one_host_is_never_sent_to_another(lab: Lab, tmp_path: Path) -> None:
    """The task's own host has a password variable that would be right for the other host, too."""
    inventory = tmp_path / "more.yml"
    inventory.write_text(
        "lab:\n  hosts:\n"
        f"    asker: {{ansible_host: 10.99.0.101, ansible_password: {password_of(lab)}, ansible_become_password: {password_of(lab)}}}\n"
        "    target: {ansible_host: 10.99.0.2, ansible_user: opspw, ansible_ssh_private_key_file: ''}\n"
    )
    played = play(
        lab,
        tmp_path,
        [task("read", hosts=["target"])],
        "-i",
        str(INVENTORY),
        "-i",
        str(inventory),
        hosts="asker",
    )
    assert "there is nothing to log in with" in one_clear_error(played.of("read", "asker"))


def test_host_keys_are_checked_unless_somebody_says_not_to(lab: Lab, tmp_path: Path) -> None:
    unknown = {
        "vars": {
            "ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null"
        }
    }
    variable = {"vars": {**unknown["vars"], "ansible_host_key_checking": False}}
    played = play(
        lab,
        tmp_path,
        [
            task("default", unknown),
            task("option", unknown, host_key_checking=False),
            task("variable", variable),
            task("option outranks variable", variable, host_key_checking=True),
        ],
    )
    assert "the host key is not known" in played.of("default")["msg"]
    assert played.of("option")["firewall"]["rulesets"]
    assert played.of("variable")["firewall"]["rulesets"]
    assert "the host key is not known" in played.of("option outranks variable")["msg"]


BAD_OPTIONS: dict[str, dict[str, Any]] = {
    "the inventory has no host 'fw9'": {"hosts": ["fw1", "fw9"]},
    "groups['firewalls']": {"hosts": ["firewalls"]},
    "no host is named": {"hosts": []},
    "named twice: fw1": {"hosts": ["fw1", "fw1"]},
    "can't be gathered yet": {"platform": "nokia_sros"},
    "this is no cisco_ios: its prompt is": {"platform": "cisco_ios"},
    "too small": {"timeout": 0},
    "snapshots can't be written here": {"snapshot_dir": "/proc/nowhere"},
    "saved files are read by": {"transport": "files"},
    "those of one host": {"files": [{"command": "nft_json", "path": "a"}], "hosts": ["fw1", "fw2"]},
}


def test_bad_options(lab: Lab, tmp_path: Path) -> None:
    played = play(lab, tmp_path, [task(text, **options) for text, options in BAD_OPTIONS.items()])
    for text in BAD_OPTIONS:
        result = played.of(text)
        assert result["failed"] is True
        assert text in one_clear_error(result)


@pytest.mark.matrix
def test_variables_of_other_hosts_are_templated_with_their_own(lab: Lab, tmp_path: Path) -> None:
    inventory = tmp_path / "more.yml"
    inventory.write_text(
        "lab:\n  hosts:\n"
        "    other: {number: 3, ansible_host: '10.99.0.{{ number }}'}\n"
        "    broken: {ansible_host: '{{ nowhere_defined }}'}\n"
    )
    more = ["-i", str(INVENTORY), "-i", str(inventory)]
    played = play(
        lab,
        tmp_path,
        [task("good", hosts=["other"], return_state=True), task("bad", hosts=["broken"])],
        *more,
        keywords={"vars": {"number": 2}},
    )
    assert played.of("good")["firewall"]["state"]["hostname"] == "fw2"
    assert "the variable ansible_host can't be templated" in one_clear_error(played.of("bad"))


@pytest.mark.matrix
def test_local_connection_and_delegation(lab: Lab, tmp_path: Path) -> None:
    """From a play on the controller itself, whose connection is local, which says nothing of the hops."""
    local = {
        "vars": {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": "python3",
        }
    }
    played = play(
        lab,
        tmp_path,
        [
            task("controller", local, return_state=True),
            task("hop", local, hosts=["fw2"]),
            task("delegated", {"delegate_to": "fw2"}, return_state=True),
        ],
        hosts="localhost",
        keywords={"connection": "local"},
    )
    assert played.of("controller", "localhost")["firewall"]["state"]["interfaces"]["mgmt0"]
    assert played.of("hop", "localhost")["firewall"]["rulesets"]
    assert played.of("delegated", "localhost")["firewall"]["state"]["hostname"] == "fw2"


def test_saved_files(lab: Lab, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "nft.json").write_text(lab.run("fw1", "nft -j list ruleset", check=True).stdout)
    (saved / "cut.json").write_text(lab.run("fw1", "nft -j list ruleset", check=True).stdout[:-200])
    (saved / "empty").write_text("")
    (saved / "error").write_text("Operation not permitted (you must be root)\n")
    played = play(
        lab,
        tmp_path,
        [
            task(
                "good",
                files=[{"command": "nft -j list ruleset", "path": "saved/nft.json"}],
                return_state=True,
            ),
            task("cut", files=[{"command": "nft_json", "path": "saved/cut.json"}]),
            task("empty", files=[{"command": "iptables-save", "path": "saved/empty"}]),
            task("error", files=[{"command": "nft list ruleset", "path": "saved/error"}]),
            task("none", files=[{"command": "nft_json", "path": "saved/none"}]),
            task("unknown", files=[{"command": "show run", "path": "saved/nft.json"}]),
        ],
        env={"ANSIBLE_TIMEOUT": "2"},
    )
    good = played.of("good")["firewall"]
    assert good["rulesets"]["inet/filter/forward"] > 5
    assert {"addresses", "routes4"} <= {item["what"] for item in good["unreadable"]}, (
        "what has no file is unknown"
    )
    for name, text in (
        ("cut", "is cut short"),
        ("empty", "is empty"),
        ("error", "holds an error message"),
        ("none", "No such file"),
        ("unknown", "'show run' is no command"),
    ):
        error = one_clear_error(played.of(name))
        assert text in error
        assert "saved" in error or name == "unknown"


@pytest.mark.matrix
def test_hostile_rule_comment_stays_text(lab: Lab, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    comment = "{{ lookup('pipe', 'touch " + str(mark) + "') }}"
    lab.run(
        "fw1",
        "nft add table inet hostile; nft add chain inet hostile c; "
        f"nft 'add rule inet hostile c counter limit rate 1/second accept comment \"{comment[:120]}\"'",
    )
    try:
        played = play(
            lab,
            tmp_path,
            [
                {"name": "read", MODULE: {"return_state": True}, "register": "found"},
                {"name": "keep", "set_fact": {"kept": "{{ found.firewall.state.chains }}"}},
                {"name": "show", "debug": {"msg": "{{ kept }} {{ found.firewall.not_understood }}"}},
            ],
        )
    finally:
        lab.run("fw1", "nft delete table inet hostile")
    assert played.rc == 0, played.text
    assert not mark.exists()


def test_arguments_are_checked(lab: Lab, tmp_path: Path) -> None:
    result = play(lab, tmp_path, [task("read", password="secret")]).of("read")
    assert result["failed"] is True
    assert "Unsupported parameters" in result["msg"]


def test_without_netmiko(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / "netmiko.py").write_text("raise ImportError('No module named netmiko')\n")
    env = {"PYTHONPATH": f"{tmp_path}/missing:{os.environ['PYTHONPATH']}"}
    played = play(lab, tmp_path, [task("auto"), task("netmiko", transport="netmiko")], env=env)
    assert played.of("auto")["firewall"]["rulesets"], "auto falls back to Ansible's own connection"
    error = one_clear_error(played.of("netmiko"))
    assert "netmiko" in error
    assert "transport: connection (Linux)" in error


def test_network_credentials_of_an_automation_platform(lab: Lab, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    known = f"-o UserKnownHostsFile={lab.ssh}/known_hosts -o IdentityAgent=none"
    host = {"ansible_host": "10.99.0.2", "ansible_ssh_common_args": known, "ansible_become": True}
    inventory.write_text(json.dumps({"all": {"hosts": {"fw1": host}}}))
    secret = password_of(lab)
    env = {"ANSIBLE_NET_USERNAME": "opspw", "ANSIBLE_NET_PASSWORD": secret, "ANSIBLE_NET_AUTH_PASS": secret}
    played = play(lab, tmp_path, [task("by password")], "-i", str(inventory), env=env)
    assert played.of("by password")["firewall"]["rulesets"], played.text
    env = {"ANSIBLE_NET_USERNAME": "ops", "ANSIBLE_NET_SSH_KEYFILE": str(lab.ssh / "ops")}
    played = play(lab, tmp_path, [task("by key")], "-i", str(inventory), env=env)
    assert played.of("by key")["firewall"]["rulesets"], played.text
