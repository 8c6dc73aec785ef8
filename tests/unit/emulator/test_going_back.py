# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated devices: changes that can be seen, and what goes back by itself unless somebody keeps it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netmiko
import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.means import plain
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.device_session import DeviceSession
from tests.support.emulated import PASSWORD, PLATFORMS, SECRET, USER, Emulated, emulated

pytestmark = pytest.mark.device

# Lines that take one entry about the database out of the list.
CHANGES: dict[str, tuple[str, ...]] = {
    "cisco_ios": ("ip access-list extended APP-IN", "no 10", "end"),
    "cisco_nxos": ("ip access-list APP-IN", "no 10", "end"),
    "cisco_xr": ("ipv4 access-list APP-IN", "no 10", "commit", "end"),
    "cisco_asa": (
        "no access-list APP-IN extended permit tcp 10.10.1.0 255.255.255.0 object db1 eq 5432",
        "end",
    ),
    "arista_eos": ("ip access-list APP-IN", "no 10", "end"),
    "juniper_junos": ("delete firewall family inet filter APP-IN term primary", "commit and-quit"),
    "vyos": ("delete firewall name APP-IN rule 10", "commit", "exit"),
}
ROOT = Path(__file__).resolve().parents[3]
ENTER = {"juniper_junos": "configure", "vyos": "configure"}
SHOW = {"juniper_junos": "show configuration", "vyos": "show configuration commands"}


@contextmanager
def session(device: Emulated) -> Iterator[DeviceSession]:
    found = DeviceSession(device.access())
    try:
        yield found
    finally:
        found.close()


def send(found: DeviceSession, *lines: str) -> str:
    return "".join(found.send(line) for line in lines)


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_change_is_seen_by_the_next_show(platform: str, tmp_path: Path) -> None:
    show = SHOW.get(platform, "show running-config")
    with emulated(platform, tmp_path, running=str(tmp_path / "running")) as device, session(device) as found:
        before = found.send(show)
        send(found, ENTER.get(platform, "configure terminal"), *CHANGES[platform])
        after = found.send(show)
        assert before.count("5432") - after.count("5432") == 1
        assert re.fullmatch(r"[\w@/:~-]+[#>$]", found.prompt), "out of configuration again"
        with session(device) as other:
            assert plain(other.send(show)) == plain(after)
        assert plain((tmp_path / "running").read_text()) == plain(after)


@pytest.mark.parametrize(
    "platform",
    [
        # netmiko waits for seconds wherever VyOS might say more
        pytest.param(name, marks=[pytest.mark.long] if name == "vyos" else [])
        for name in PLATFORMS
    ],
)
def test_netmiko_itself_configures_it(platform: str, tmp_path: Path) -> None:
    lines = [line for line in CHANGES[platform] if line not in ("end", "exit") and "commit" not in line]
    with emulated(platform, tmp_path) as device:
        before = device.device.running()
        connection = netmiko.ConnectHandler(
            device_type=platform,
            host="127.0.0.1",
            port=device.port,
            username=USER,
            password=PASSWORD,
            secret=SECRET,
        )
        connection.enable()
        connection.send_config_set(lines)
        if platform in ("juniper_junos", "cisco_xr", "vyos"):
            connection.commit()
        connection.disconnect()
        assert before.count("5432") - device.device.running().count("5432") == 1


@pytest.mark.parametrize("platform", ["cisco_ios", "cisco_nxos", "arista_eos"])
def test_entries_of_a_list(platform: str, tmp_path: Path) -> None:
    extended = "extended " if platform == "cisco_ios" else ""
    with emulated(platform, tmp_path) as device, session(device) as found:
        send(found, "configure terminal", f"ip access-list {extended}APP-IN")
        assert "(config" in found.prompt
        send(found, "5 permit tcp any any eq 22", "permit udp any any eq 53", "no 20")
        assert "%" in found.send("permit")
        assert "%" in found.send("frobnicate")
        send(found, "interface Ethernet9", "ip access-group APP-IN in", "ip access-group OTHER in", "end")
        numbers = re.findall(
            r"^\s+(\d+) (?:permit|deny)", found.send("show access-lists APP-IN"), re.MULTILINE
        )
        assert numbers == ["5", "10", "30", "40", "50"]
        running = found.send("show running-config")
        assert "interface Ethernet9\n ip access-group OTHER in\n" in running


def test_asa_entries_by_line(tmp_path: Path) -> None:
    with emulated("cisco_asa", tmp_path) as device, session(device) as found:
        send(
            found,
            "configure terminal",
            "access-list APP-IN line 1 extended deny ip host 10.10.1.5 any",
            "end",
        )
        shown = found.send("show access-list APP-IN")
        assert "access-list APP-IN line 1 extended deny ip host 10.10.1.5 any (hitcnt=0)" in shown
        assert "4 elements" in shown
        send(found, "configure terminal", "clear configure access-list APP-IN", "end")
        assert found.send("show access-list APP-IN") == ""


# --- IOS


def test_ios_goes_back_when_the_time_is_over(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device:
        before = device.device.running()
        with session(device) as found:
            told = found.send("configure terminal revert timer 1")
            assert (
                "Rollback Confirmed Change: Backing up current running config to bootflash:archive-1" in told
            )
            send(found, *CHANGES["cisco_ios"])
            assert device.device.running() != before
        assert within(3, lambda: device.device.running() == before), "also after the terminal is closed"


def test_ios_keeps_what_is_confirmed(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, minute=0.5) as device, session(device) as found:
        send(found, "configure terminal revert timer 1", *CHANGES["cisco_ios"], "configure confirm")
        after = device.device.running()
        time.sleep(1.0)
        assert device.device.running() == after
        assert "%No Rollback Confirmed Change pending" in found.send("configure confirm")


def test_ios_goes_back_at_once(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, minute=60.0) as device, session(device) as found:
        before = device.device.running()
        send(found, "configure terminal revert timer 5", *CHANGES["cisco_ios"])
        assert "Rollback Done" in found.send("configure revert now")
        assert device.device.running() == before
        assert device.device.pending is None


def test_ios_needs_an_archive(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, config="hostname R1\n") as device, session(device) as found:
        assert "Turn config archive on" in found.send("configure terminal revert timer 5")
        assert found.prompt == "R1#"


def test_ios_replaces_its_configuration(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device, session(device) as found:
        before = device.device.running()
        found.send("copy running-config bootflash:before", answers={r"\]\?": ""})
        send(found, "configure terminal", *CHANGES["cisco_ios"])
        told = found.send("configure replace bootflash:before", answers={r"\[no\]:": "y"})
        assert "Rollback Done" in told
        assert device.device.running() == before
        assert "No such file" in found.send("configure replace bootflash:none force")


# --- NX-OS


def test_nxos_rolls_back_to_a_checkpoint(tmp_path: Path) -> None:
    with emulated("cisco_nxos", tmp_path) as device, session(device) as found:
        before = device.device.running()
        send(found, "checkpoint pathguard", "configure terminal", *CHANGES["cisco_nxos"])
        assert "pathguard" in found.send("show checkpoint summary")
        assert "Rollback completed successfully." in found.send(
            "rollback running-config checkpoint pathguard"
        )
        assert device.device.running() == before
        assert "ERROR" in found.send("rollback running-config checkpoint none")


@pytest.mark.parametrize("kept", [True, False])
def test_nxos_replaces_with_a_time(kept: bool, tmp_path: Path) -> None:
    with emulated("cisco_nxos", tmp_path, minute=1.0) as device, session(device) as found:
        found.send("copy running-config bootflash:candidate", answers={r"\]\?": ""})
        send(found, "configure terminal", *CHANGES["cisco_nxos"])
        before = device.device.running()
        send(found, "configure replace bootflash:candidate commit-timeout 60")
        candidate = device.device.running()
        assert candidate != before
        if kept:
            assert "committed" in found.send("configure replace commit")
        assert within(2.0, lambda: device.device.running() == (candidate if kept else before))
        if kept:
            time.sleep(1.5)
            assert device.device.running() == candidate


# --- EOS


@pytest.mark.parametrize("kept", [True, False])
def test_eos_commits_with_a_time(kept: bool, tmp_path: Path) -> None:
    with emulated("arista_eos", tmp_path, minute=1.0) as device:
        before = device.device.running()
        with session(device) as found:
            found.send("configure session pathguard")
            assert found.prompt == "sw1(config-s-pathgu)#"
            send(found, *CHANGES["arista_eos"][:-1], "exit")
            assert device.device.running() == before, "nothing holds before it is committed"
            found.send("commit timer 00:01:00")
            assert found.prompt == "sw1#"
            after = device.device.running()
            assert after != before
            assert "pathguard" in found.send("show configuration sessions")
            if kept:
                found.send("configure session pathguard commit")
        if kept:
            time.sleep(1.5)
        assert within(3, lambda: device.device.running() == (after if kept else before))


def test_eos_aborts(tmp_path: Path) -> None:
    with emulated("arista_eos", tmp_path) as device, session(device) as found:
        before = device.device.running()
        send(found, "configure session a", *CHANGES["arista_eos"][:-1], "abort")
        assert device.device.running() == before
        assert found.prompt == "sw1#"
        send(found, "configure session b", *CHANGES["arista_eos"][:-1], "commit timer 00:05:00")
        assert device.device.running() != before
        found.send("configure session b abort")
        assert device.device.running() == before


# --- Junos


@pytest.mark.parametrize("kept", [True, False])
def test_junos_commits_for_a_time(kept: bool, tmp_path: Path) -> None:
    with emulated("juniper_junos", tmp_path, minute=0.5) as device:
        before = device.device.running()
        with session(device) as found:
            send(found, "configure", CHANGES["juniper_junos"][0])
            assert device.device.running() == before
            assert "-            term primary {" in found.send("show | compare")
            told = found.send("commit confirmed 2")
            assert "commit confirmed will be automatically rolled back in 2 minutes unless confirmed" in told
            assert "commit complete" in told
            after = device.device.running()
            assert after != before
            if kept:
                found.send("commit")
        if kept:
            time.sleep(1.5)
        assert within(3, lambda: device.device.running() == (after if kept else before))


def test_junos_rolls_back_by_number(tmp_path: Path) -> None:
    with emulated("juniper_junos", tmp_path) as device, session(device) as found:
        before = device.device.running()
        send(found, "configure", CHANGES["juniper_junos"][0], "commit", "rollback 1", "commit and-quit")
        assert device.device.running() == before
        assert found.prompt == f"{USER}@mx1>"


def test_junos_statements(tmp_path: Path) -> None:
    with emulated("juniper_junos", tmp_path) as device, session(device) as found:
        term = "firewall family inet filter APP-IN term standby"
        send(
            found,
            "configure",
            f"set {term} from source-address 10.10.1.0/24",
            f"set {term} from destination-address 10.20.1.11/32",
            f"set {term} from protocol tcp",
            f"set {term} then accept",
            f"insert {term} before term rest",
            "deactivate firewall family inet filter APP-IN term primary",
        )
        assert "syntax error" in found.send("set frobnicate on")
        asked = found.send("exit", answers={r"\(yes\)": "no"})
        assert "not committed" in asked
        assert found.prompt.endswith("#")
        send(found, "commit and-quit")
        sets = found.send("show configuration | display set")
        assert sets.index("term standby then accept") < sets.index("term rest then discard")
        assert "deactivate firewall family inet filter APP-IN term primary\n" in sets
        assert "            inactive: term primary {" in device.device.running()


# --- IOS XR


TRIAL = ("configure", "ipv4 access-list APP-IN", "no 10")


def test_xr_commits_for_a_time(tmp_path: Path) -> None:
    with emulated("cisco_xr", tmp_path, minute=0.5) as device:
        before = plain(device.device.running())
        with session(device) as found:
            send(found, *TRIAL)
            assert plain(device.device.running()) == before, "nothing holds before it is committed"
            assert "no 10" in found.send("show configuration")
            assert "%" not in found.send("commit confirmed minutes 5")
            assert plain(device.device.running()) != before
        assert within(9, lambda: plain(device.device.running()) == before), "also where its session is lost"
        with session(device) as found:
            assert re.search(r"1 +1000000002 .* Rollback ", found.send("show configuration commit list"))


def test_xr_lets_nobody_else_confirm_or_commit(tmp_path: Path) -> None:
    with emulated("cisco_xr", tmp_path) as device, session(device) as found, session(device) as other:
        send(found, *TRIAL, "commit confirmed 300")
        assert "Client: commit-confirm" in other.send("show configuration sessions detail")
        send(other, "configure")
        assert "No configuration changes to commit" in other.send("commit")
        assert "unexpired trial" in send(other, "ipv4 route 192.0.2.0/24 Null0", "commit")
        assert "unexpired trial" in other.send("commit replace", answers={r"\[no\]: ?$": "yes"})
        other.send("abort")
        assert "trial commit is underway" in other.send("configure exclusive")
        assert device.device.pending is not None
        assert "Confirming commit for trial session" in found.send("commit")
        found.send("end")
        assert device.device.pending is None
        assert other.send("show configuration sessions detail").count("\n") == 1, "the time of day"


def test_xr_goes_back_when_a_trials_session_is_left(tmp_path: Path) -> None:
    with emulated("cisco_xr", tmp_path) as device, session(device) as found:
        before = plain(device.device.running())
        send(found, *TRIAL, "commit confirmed minutes 5")
        found.send("end", answers={r"\[no\]: ?$": "no"})
        assert found.prompt.endswith("(config)#")
        asked = found.send("end", answers={r"\[no\]: ?$": "yes"})
        assert "immediately rollback to the previous configuration" in asked
        assert plain(device.device.running()) == before
        assert (device.device.pending, found.prompt) == (None, "RP/0/RP0/CPU0:ios-xr1#")


def test_xr_rolls_back_commits(tmp_path: Path) -> None:
    with emulated("cisco_xr", tmp_path) as device, session(device) as found:
        before = plain(device.device.running())
        send(found, "configure", "ipv4 route 192.0.2.0/24 Null0", "commit", "end", "configure")
        assert "Invalid input" in found.send("frobnicate")
        asked = found.send("abort")
        assert "Uncommitted" not in asked
        assert "192.0.2.0/24" in found.send("show configuration commit changes last 1")
        assert "successfully rolled back 1 commits" in found.send("rollback configuration last 1")
        assert plain(device.device.running()) == before


# --- VyOS


VYOS = ("configure", "delete firewall name APP-IN rule 10")
YES = {r"\[Y/n\] ?$": "y"}
RELOAD = "set system config-management commit-confirm action reload"


@pytest.mark.parametrize("kept", [True, False])
def test_vyos_reloads_what_was_before_an_unconfirmed_commit(kept: bool, tmp_path: Path) -> None:
    with emulated("vyos", tmp_path, minute=60.0 if kept else 1.5) as device, session(device) as found:
        send(found, "configure", RELOAD, "commit")
        before = device.device.running()
        send(found, VYOS[1])
        told = found.send("commit-confirm 2", answers=YES)
        assert "automatically reload previous config in 2 minutes" in told
        assert "save previous commits" in told, "the line that makes it a reload is not saved"
        after = device.device.running()
        assert after != before
        assert "Another confirm is pending" in found.send("commit-confirm 5", answers=YES)
        if kept:
            with session(device) as other:
                assert "Reload timer stopped" in send(other, "configure", "confirm")
            assert device.device.pending is None
        assert within(8, lambda: device.device.running() == (after if kept else before))
        assert "No confirm pending" in found.send("confirm")


def test_vyos_reboots_into_what_was_saved(tmp_path: Path) -> None:
    with emulated("vyos", tmp_path, minute=1.0) as device:
        before = device.device.running()
        with session(device) as found:
            send(found, "configure", "set system domain-name lost.example", "commit")
            send(found, VYOS[1])
            assert "automatically reboot in 1 minutes" in found.send("commit-confirm 1", answers=YES)
            assert within(3, lambda: device.device.running() == before)
            with pytest.raises(GatherError, match="connection was lost"):
                found.send("compare")
        with session(device) as again:
            assert again.prompt == f"{USER}@vyos1:~$"


def test_vyos_sets_saves_and_loads(tmp_path: Path) -> None:
    with emulated("vyos", tmp_path) as device, session(device) as found:
        before = device.device.running()
        assert "is not valid" in send(found, "configure", "set frobnicate on")
        assert "Nothing to delete" in found.send("delete system login")
        send(found, "save /config/before", "set firewall name APP-IN rule 10 action drop")
        assert "+ firewall name APP-IN rule 10 action drop" in found.send("compare")
        assert "Cannot exit" in found.send("exit")
        send(found, "commit", "exit")
        commands = found.send("show configuration commands")
        assert "rule 10 action 'drop'" in commands
        assert "rule 10 action 'accept'" not in commands
        assert "Load complete" in send(found, "configure", "load /config/before", "commit", "exit")
        assert device.device.running() == before
        assert " via cli" in found.send("show system commit")
        assert "No such file" in send(found, "configure", "load /config/none")


@pytest.mark.parametrize(
    ("platform", "family"), [("cisco_ios", "ip"), ("cisco_nxos", "ip"), ("cisco_xr", "ipv4")]
)
def test_a_remark_stands_above_its_entry(platform: str, family: str, tmp_path: Path) -> None:
    kind = "extended " if platform == "cisco_ios" else ""
    entries = " remark the first\n 10 permit tcp any any eq 22\n remark the last\n 20 deny ip any any\n"
    config = f"hostname R1\n{family} access-list {kind}A\n{entries}"
    with emulated(platform, tmp_path, config=config) as device, session(device) as found:
        assert entries in device.device.running()
        send(
            found,
            "configure terminal",
            f"{family} access-list {kind}A",
            "remark between",
            "15 permit udp any any",
        )
        send(found, *(["commit"] if platform == "cisco_xr" else []), "end")
        running = device.device.running()
        assert " remark between\n 15 permit udp any any\n remark the last\n 20 deny" in running


# --- as a program


def test_as_a_program(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "platform": "cisco_ios",
        "passwords": {USER: PASSWORD},
        "log": str(tmp_path / "log"),
        "running": str(tmp_path / "running"),
        "faults": {"refuse": ["reload"]},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "lab.emulator", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(settings))
        process.stdin.close()
        ready = json.loads(process.stdout.readline())
        connection = netmiko.ConnectHandler(
            device_type="cisco_ios", host="127.0.0.1", port=ready["port"], username=USER, password=PASSWORD
        )
        assert "Authorization failed" in connection.send_command("reload")
        connection.disconnect()
        assert "reload" in [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert "hostname R1" in (tmp_path / "running").read_text()
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
