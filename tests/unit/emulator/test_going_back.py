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

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.device_session import DeviceSession
from tests.support.emulated import PASSWORD, PLATFORMS, SECRET, USER, Emulated, emulated

pytestmark = pytest.mark.device

# Lines that take one entry about the database out of the list.
CHANGES: dict[str, tuple[str, ...]] = {
    "cisco_ios": ("ip access-list extended APP-IN", "no 10", "end"),
    "cisco_nxos": ("ip access-list APP-IN", "no 10", "end"),
    "cisco_asa": (
        "no access-list APP-IN extended permit tcp 10.10.1.0 255.255.255.0 object db1 eq 5432",
        "end",
    ),
    "arista_eos": ("ip access-list APP-IN", "no 10", "end"),
    "juniper_junos": ("delete firewall family inet filter APP-IN term primary", "commit and-quit"),
}
ROOT = Path(__file__).resolve().parents[3]
ENTER = {"juniper_junos": "configure"}


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
    show = "show configuration" if platform == "juniper_junos" else "show running-config"
    with emulated(platform, tmp_path, running=str(tmp_path / "running")) as device, session(device) as found:
        before = found.send(show)
        send(found, ENTER.get(platform, "configure terminal"), *CHANGES[platform])
        after = found.send(show)
        assert before.count("5432") - after.count("5432") == 1
        assert re.fullmatch(r"[\w@]+[#>]", found.prompt), "out of configuration again"
        with session(device) as other:
            assert other.send(show) == after
        assert (tmp_path / "running").read_text().strip() == after.strip()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_netmiko_itself_configures_it(platform: str, tmp_path: Path) -> None:
    lines = [line for line in CHANGES[platform] if line != "end" and "commit" not in line]
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
        if platform == "juniper_junos":
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
