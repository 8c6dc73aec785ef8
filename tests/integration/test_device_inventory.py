# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firewall_info on network devices: inventories of network_cli as they are, one login each, and nothing but reading."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.device_play import Devices
from tests.support.emulated import PASSWORD, PLATFORMS, SECRET, USER, Emulated, emulated

HARMLESS = re.compile(r"show .*|enable|terminal (?:length|width|pager) \d+|set (?:cli|terminal) [a-z-]+ \w+")

# A ProxyCommand in one file: what comes on stdin goes there, and back.
RELAY = """
import socket, sys, threading
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def there():
    while data := sys.stdin.buffer.raw.read(65536):
        connection.sendall(data)
threading.Thread(target=there, daemon=True).start()
while data := connection.recv(65536):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Emulated]:
    with emulated("cisco_ios", tmp_path) as device:
        yield device


def info(**options: Any) -> dict[str, Any]:
    return {"name": "read", "pathguard.network.firewall_info": {"timeout": 10, **options}}


@pytest.mark.matrix
def test_an_inventory_of_network_cli_as_it_is(tmp_path: Path) -> None:
    """All emulated platforms by one task; ansible.netcommon is not installed here, and not needed."""
    with ExitStack() as stack:
        devices = {name: stack.enter_context(emulated(name, tmp_path)) for name in PLATFORMS}
        before = {name: device.device.running() for name, device in devices.items()}
        played = Devices(tmp_path, devices).play(
            [info(hosts=list(PLATFORMS), snapshot_dir=str(tmp_path / "snapshots"))]
        )
        assert played.rc == 0, played.text
        found = played.of("read", "localhost")["firewalls"]
        for name, device in devices.items():
            assert found[name]["platform"] == name
            assert found[name]["unreadable"] == []
            assert any("APP-IN" in ruleset for ruleset in found[name]["rulesets"])
            assert device.logins == 1
            assert [line for line in device.device.commands if not HARMLESS.fullmatch(line)] == []
            assert device.device.running() == before[name]
            snapshot = json.loads((tmp_path / "snapshots" / f"{name}.json").read_text())
            raw = {output["name"]: output for output in snapshot["raw"]}
            # IOS XR says first what time it is.
            assert raw["running_config"]["stdout"].strip().endswith(before[name].strip())
            for secret in (PASSWORD, SECRET):
                assert secret not in json.dumps(snapshot) + played.text


def test_from_a_play_on_the_devices_themselves(router: Emulated, tmp_path: Path) -> None:
    """Where ansible.netcommon is missing, Ansible can't run a task on such a host, but it can be delegated."""
    task = {**info(hosts=["{{ inventory_hostname }}"]), "delegate_to": "localhost"}
    played = Devices(tmp_path, {"cisco_ios": router}).play([task], hosts="devices")
    assert played.rc == 0, played.text
    assert played.of("read", "cisco_ios")["firewall"]["rulesets"]["APP-IN"] == 4
    assert router.logins == 1


def test_an_inventory_of_another_connection(router: Emulated, tmp_path: Path) -> None:
    """Its port is that of a web server."""
    inventory = Devices(tmp_path, {"cisco_ios": router}, ansible_connection="ansible.netcommon.httpapi")
    path = tmp_path / "inventory.yml"
    host = f'"ansible_port": {router.port}'
    more = f'"ansible_port": 443, "ansible_ssh_extra_args": "-o Port={router.port}"'
    path.write_text(path.read_text().replace(host, more))
    played = inventory.play([info(hosts=["cisco_ios"])])
    assert played.rc == 0, played.text
    assert router.logins == 1


def test_credentials_of_an_automation_platform(router: Emulated, tmp_path: Path) -> None:
    nothing = dict.fromkeys(
        (
            "ansible_user",
            "ansible_password",
            "ansible_become",
            "ansible_become_method",
            "ansible_become_password",
        )
    )
    env = {
        "ANSIBLE_NET_USERNAME": USER,
        "ANSIBLE_NET_PASSWORD": PASSWORD,
        "ANSIBLE_NET_AUTHORIZE": "1",
        "ANSIBLE_NET_AUTH_PASS": SECRET,
    }
    inventory = Devices(tmp_path, {"cisco_ios": router}, **nothing)
    played = inventory.play([info(hosts=["cisco_ios"])], env=env)
    assert played.rc == 0, played.text
    assert "enable" in router.device.commands
    refused = inventory.play([info(hosts=["cisco_ios"])], env={**env, "ANSIBLE_NET_AUTHORIZE": "0"})
    assert "this login may not read the configuration" in refused.of("read", "localhost")["msg"]


@pytest.mark.parametrize("where", ["ansible_ssh_common_args", "ansible_paramiko_proxy_command"])
def test_over_a_proxy(where: str, router: Emulated, tmp_path: Path) -> None:
    (tmp_path / "relay.py").write_text(RELAY)
    command = f"{sys.executable} {tmp_path}/relay.py 127.0.0.1 {router.port}"
    args = f"{router.ssh_args} -o ProxyCommand='{command}'" if where == "ansible_ssh_common_args" else command
    task = {**info(hosts=["cisco_ios"])}
    inventory = Devices(tmp_path, {"cisco_ios": router})
    path = tmp_path / "inventory.yml"
    document = json.loads(path.read_text())
    document["all"]["children"]["devices"]["hosts"]["cisco_ios"].update(
        {where: args, "ansible_host": "router.invalid", "ansible_ssh_extra_args": "-o HostKeyAlias=via-proxy"}
    )
    path.write_text(json.dumps(document))
    assert router.device.server is not None
    router.known_hosts.write_text(f"[via-proxy]:{router.port} {router.device.server.key}\n")
    played = inventory.play([task])
    assert played.rc == 0, played.text
    assert played.of("read", "localhost")["firewall"]["rulesets"]["APP-IN"] == 4


def test_a_key_instead_of_a_password(tmp_path: Path) -> None:
    import paramiko

    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(tmp_path / "key"))
    public = f"{key.get_name()} {key.get_base64()}"
    with emulated("cisco_ios", tmp_path, passwords={}, keys=(public,)) as device:
        inventory = Devices(
            tmp_path,
            {"cisco_ios": device},
            ansible_password=None,
            ansible_ssh_private_key_file=str(tmp_path / "key"),
        )
        played = inventory.play([info(hosts=["cisco_ios"])])
        assert played.rc == 0, played.text


@pytest.mark.parametrize(
    ("variables", "options", "error"),
    [
        ({"ansible_password": "wrong"}, {}, "the host refuses the login"),
        ({"ansible_become_password": "wrong"}, {}, "the device refuses enable with this password"),
        ({"ansible_become": False}, {}, "set ansible_become: true, ansible_become_method: enable"),
        ({}, {"platform": "arista_eos"}, "this is no arista_eos: it says it is cisco_ios"),
        (
            {},
            {"platform": "linux"},
            "become_method enable is for network devices, and its platform is linux",
        ),
        ({}, {"platform": "cisco_iso"}, "the platform 'cisco_iso' can't be gathered yet"),
        (
            {},
            {"transport": "connection"},
            "transport: connection runs commands in a shell, and cisco_ios has none",
        ),
    ],
)
def test_one_clear_error(
    variables: dict[str, Any], options: dict[str, Any], error: str, router: Emulated, tmp_path: Path
) -> None:
    inventory = Devices(tmp_path, {"cisco_ios": router}, **variables)
    played = inventory.play([info(hosts=["cisco_ios"], **options)])
    said = played.of("read", "localhost")["msg"]
    assert error in said
    assert "what to do: " in said
    assert len(said.splitlines()) <= 5
    assert "Traceback" not in played.text


@pytest.mark.matrix
def test_saved_files_of_a_device(router: Emulated, tmp_path: Path) -> None:
    (tmp_path / "saved.txt").write_text(router.device.running())
    (tmp_path / "refused.txt").write_text("      ^\n% Invalid input detected at '^' marker.\n")
    inventory = Devices(tmp_path, {"cisco_ios": router})
    good = info(hosts=["cisco_ios"], files=[{"command": "show run", "path": str(tmp_path / "saved.txt")}])
    bad = info(hosts=["cisco_ios"], files=[{"command": "show run", "path": str(tmp_path / "refused.txt")}])
    played = inventory.play([{**good, "name": "good"}, {**bad, "name": "bad", "ignore_errors": True}])
    assert played.of("good", "localhost")["firewall"]["rulesets"]["APP-IN"] == 4
    assert "holds an error message: % Invalid input" in played.of("bad", "localhost")["msg"]
    assert router.logins == 0
