# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guarded updates of devices whose timer is that of the change's own commit: it is asked for, missed, and both go back."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.means import plain
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import open_channel
from tests.integration.device_play import Devices
from tests.support.emulated import PASSWORD, SECRET, Emulated, emulated

POLICY = {
    "$schema": "urn:pathguard:schema:path-policy:1",
    "requiredPaths": [
        {
            "name": "app to primary",
            "from": {"addresses": ["10.10.1.5"]},
            "to": {"addresses": ["10.20.1.10"]},
            "service": "postgresql",
            "families": ["ipv4"],
        }
    ],
}
_EOS = ("ip access-list APP-IN", "no 10")
_JUNOS = ("configure", "delete firewall family inet filter APP-IN term primary")
_XR = ("configure", "ipv4 access-list APP-IN", "no 10")
_VYOS = ("configure", "delete firewall name APP-IN rule 10")
PLAIN = {
    "arista_eos": ("configure terminal", *_EOS, "end"),
    "juniper_junos": (*_JUNOS, "commit", "exit"),
    "cisco_xr": (*_XR, "commit", "end"),
    "vyos": (*_VYOS, "commit", "exit"),
}
TIMED = {
    "arista_eos": ("configure session work", *_EOS, "commit timer 00:05:00"),
    "juniper_junos": (*_JUNOS, "commit confirmed 5", "exit"),
    "cisco_xr": (*_XR, "commit confirmed minutes 5"),
    "vyos": (*_VYOS, "commit-confirm 5", "exit"),
}
ASKED = {
    "arista_eos": "commit timer HH:MM:SS",
    "juniper_junos": "commit confirmed MINUTES",
    "cisco_xr": "commit confirmed minutes N",
    "vyos": "commit-confirm MINUTES",
}
BACK = {
    "arista_eos": "configure session work abort",
    "juniper_junos": "load override",
    "cisco_xr": "show configuration sessions detail",  # only the trial's own timer can go back
    "vyos": "load /config/pathguard-",
}
LONG = (("cisco_xr", "timed"), ("vyos", "plain"))
# Seconds. On IOS XR the guard waits until the trial of a session that is gone is over.
MINUTE = {"cisco_xr": 6.0}


def _marks(platform: str, name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.long] if (platform, name) in LONG else []


@dataclass(frozen=True)
class Guarded:
    code: int
    text: str
    report: str
    guard: dict[str, Any]


def guarded(platform: str, device: Emulated, folder: Path, lines: tuple[str, ...]) -> Guarded:
    """An update whose task is somebody who types these lines."""
    begun, done = folder / "begun", folder / "done"
    wait = f"touch {begun}; for try in $(seq 300); do [ -e {done} ] && exit; sleep 0.1; done; exit 1"
    task = {"name": "Wait until it is typed", "ansible.builtin.shell": wait, "changed_when": True}
    (folder / "policy.yml").write_text(json.dumps(POLICY))
    (folder / "change.yml").write_text(json.dumps([task]))
    settings = {
        "policy": "policy.yml",
        "change_tasks": "change.yml",
        "hops": [platform],
        "protect": [platform],
        "probe": False,
        "settle": 0,
        "timeout": 120,
    }
    role = {
        "name": "Update behind the guard",
        "ansible.builtin.import_role": {"name": "pathguard.network.path_guard"},
        "vars": {f"path_guard_{name}": value for name, value in settings.items()},
    }
    typing = threading.Thread(target=_type, args=(device, begun, done, lines))
    typing.start()
    played = Devices(folder, {platform: device}).play([role])
    begun.touch()  # whatever happened, nobody waits for it any more
    typing.join(60)
    run = next(folder.glob("pathguard/*/report.json"), None)
    assert run is not None, played.text
    document = json.loads(run.read_text())
    return Guarded(played.rc, played.text, run.with_name("report.txt").read_text(), document["guard"])


def _by_timer(platform: str, lines: dict[str, tuple[str, ...]]) -> bool:
    return platform == "cisco_xr" and lines is TIMED


def _type(device: Emulated, begun: Path, done: Path, lines: tuple[str, ...]) -> None:
    deadline = time.monotonic() + 100
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with closing(open_channel(device.access())) as channel:
        for line in lines:
            channel.session.send(line, answers={r"\[Y/n\] ?$": "y"})  # type: ignore[attr-defined]
    done.touch()


@pytest.mark.parametrize(
    ("platform", "lines"),
    [
        pytest.param(platform, lines, id=f"{name}-{platform}", marks=_marks(platform, name))
        for name, lines in (("plain", PLAIN), ("timed", TIMED))
        for platform in PLAIN
    ],
)
def test_a_broken_list_is_put_back(platform: str, lines: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    with emulated(platform, tmp_path, minute=MINUTE.get(platform, 60.0)) as device:
        before = device.device.running()
        found = guarded(platform, device, tmp_path, lines[platform])
        assert found.code != 0
        assert (found.guard["decision"], found.guard["revert"]["fingerprint"]) == ("reverted", True), (
            found.text
        )
        told = " ".join(found.text.split())
        assert f"from the change's own commit on, if that is a confirmed one: {platform}" in told
        assert ASKED[platform] in told, "what the change must do is said before it"
        assert ("committed for good" in " ".join(found.report.split())) is (lines is PLAIN)
        assert any(line.startswith(BACK[platform]) for line in device.device.commands) or lines is PLAIN
        assert plain(device.device.running()) == plain(before)
        assert device.device.pending is None
        left = [name for name in device.device.files if "pathguard-" in name]  # type: ignore[attr-defined]
        assert [name.rpartition("--")[2] for name in left] == [
            "fired" if _by_timer(platform, lines) else "restored"
        ]
        for secret in (PASSWORD, SECRET):
            assert secret not in found.text + found.report
