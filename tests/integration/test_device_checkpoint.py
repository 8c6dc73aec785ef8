# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firewall_checkpoint on network devices: what each platform can do is said when it is armed, and all go back alike."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.integration.device_play import Devices
from tests.support.emulated import PASSWORD, SECRET, emulated

PROTECTION = {
    "cisco_ios": "arm_before",
    "cisco_nxos": "none",
    "cisco_xr": "wraps_commit",
    "arista_eos": "wraps_commit",
    "juniper_junos": "wraps_commit",
    "vyos": "wraps_commit",
}
DISRUPTION = {"vyos": "reboot"}
HOSTS = list(PROTECTION)
RUN = "change-4711"


def task(name: str, state: str, hosts: list[str], run_id: str = RUN) -> dict[str, Any]:
    arguments = {"hosts": hosts, "id": run_id, "state": state, "timeout": 300}
    return {"name": name, "pathguard.network.firewall_checkpoint": arguments}


def test_armed_told_and_dropped(tmp_path: Path) -> None:
    with ExitStack() as stack:
        devices = {name: stack.enter_context(emulated(name, tmp_path, minute=60.0)) for name in HOSTS}
        before = {name: device.device.running() for name, device in devices.items()}
        played = Devices(tmp_path, devices).play(
            [
                {**task("odd", "armed", HOSTS, "CHG-4711--a"), "ignore_errors": True},
                task("arm", "armed", HOSTS),
                {"name": "who", "pathguard.network.firewall_checkpoint_info": {"hosts": HOSTS}},
                task("back", "restored", HOSTS),
                task("again", "restored", HOSTS),
                task("drop", "absent", HOSTS),
            ]
        )
        assert played.rc == 0, played.text
        odd = played.of("odd", "localhost")
        assert odd["failed"], "a name that no file can have is refused before anything is asked"
        assert "can't be part of a file's name on a network device (cisco_ios, cisco_nxos" in odd["msg"]
        assert "checkpoints" not in odd
        armed = played.of("arm", "localhost")["checkpoints"]
        assert {name: status["protection"] for name, status in armed.items()} == PROTECTION
        assert {
            name: status["disruption"] for name, status in armed.items() if status["disruption"] != "none"
        } == (DISRUPTION)
        told = played.of("who", "localhost")["checkpoints"]
        assert {status["id"] for status in told.values()} == {RUN}
        assert {status["state"] for status in told.values()} == {"armed"}
        assert all(status["messages"] for name, status in told.items() if PROTECTION[name] != "arm_before")
        back = played.of("back", "localhost")["checkpoints"]
        assert all(status["proven"] for status in back.values())
        assert {name: device.device.running() for name, device in devices.items()} == before
        again = played.of("again", "localhost")
        assert (again["decision"], again["changed"]) == ("restored", False), (
            "whoever lost the answer asks again"
        )
        assert {status["state"] for status in again["checkpoints"].values()} == {"restored"}
        assert {status["state"] for status in played.of("drop", "localhost")["checkpoints"].values()} == {
            "none"
        }
        assert PASSWORD not in played.text
        assert SECRET not in played.text


def test_all_are_armed_or_none(tmp_path: Path) -> None:
    """An IOS router without an archive can have no timer: the other is not armed either."""
    config = "hostname R1\ninterface GigabitEthernet1\n ip address 10.10.1.1 255.255.255.0\n"
    with (
        emulated("cisco_ios", tmp_path, config=config) as bare,
        emulated("juniper_junos", tmp_path) as other,
    ):
        devices = {"cisco_ios": bare, "juniper_junos": other}
        played = Devices(tmp_path, devices).play([task("arm", "armed", list(devices))])
        assert played.rc != 0
        assert "archive" in played.text
        assert other.device.files == {}, "its copy is gone again"
        assert not [name for name in bare.device.files if name.startswith("flash:pathguard")]


def test_a_platform_without_a_checkpoint_is_told_before_the_change(tmp_path: Path) -> None:
    with emulated("cisco_asa", tmp_path) as device:
        states = ("armed", "renewed", "confirmed", "restored", "absent")
        tasks = [{**task(state, state, ["cisco_asa"]), "ignore_errors": True} for state in states]
        info = {"name": "who", "pathguard.network.firewall_checkpoint_info": {"hosts": ["cisco_asa"]}}
        played = Devices(tmp_path, {"cisco_asa": device}).play([*tasks, info])
        for state in states[:-1]:
            result = played.of(state, "localhost")
            assert result["failed"], state
            assert f"no checkpoint can be {state} on: cisco_asa" in result["msg"]
        assert not played.of("absent", "localhost").get("failed"), "there is none, as is asked for"
        told = played.of("who", "localhost")["checkpoints"]["cisco_asa"]
        assert (told["state"], told["protection"]) == ("none", "none")
        assert "can't arm a checkpoint here" in told["messages"][0]
        assert device.logins == 0


def test_check_mode_only_looks(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, minute=60.0) as device:
        played = Devices(tmp_path, {"cisco_ios": device}).play(
            [task("arm", "armed", ["cisco_ios"])], "--check"
        )
        assert played.rc == 0, played.text
        found = played.of("arm", "localhost")
        assert (found["decision"], found["changed"]) == ("checked", False)
        assert device.device.pending is None
        assert not [line for line in device.device.commands if line.startswith(("copy", "conf", "delete"))]
