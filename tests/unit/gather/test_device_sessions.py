# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real netmiko against emulated devices: what is gathered, and one clear error for each thing that goes wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError, UnreachableError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import open_channel
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.device_channel import SHOWS
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.devices import DEVICES
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.platforms import platform_of
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.pool import on_hosts
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from tests.support.emulated import PASSWORD, PLATFORMS, SECRET, WITH_ENABLE, Emulated, emulated

pytestmark = pytest.mark.device

# What may be sent to a device that is only read.
HARMLESS = re.compile(r"show .*|enable|terminal (?:length|width|pager) \d+|set (?:cli|terminal) [a-z-]+ \w+")
LONG = "".join(
    f" {number}0 permit tcp 10.{number >> 8}.{number & 255}.0 0.0.0.255 any eq 5432\n"
    for number in range(1, 1201)
)


def gathered(device: Emulated, **fields: Any) -> Mapping[str, RawOutput]:
    """All outputs of one login, by name."""
    channel = open_channel(device.access(**fields))
    try:
        return platform_of(device.access().platform).collect(channel, True)
    finally:
        channel.close()


def failure(device: Emulated, kind: type[GatherError] = GatherError, **fields: Any) -> str:
    """The one clear error: short, with what to do, and without a secret."""
    with pytest.raises(kind) as caught:
        gathered(device, **fields)
    error = str(caught.value)
    assert "what to do: " in error
    assert len(error.splitlines()) <= 5
    assert PASSWORD not in error
    assert SECRET not in error
    return error


@pytest.mark.parametrize("platform", PLATFORMS)
def test_gathered_by_one_login_that_only_reads(platform: str, tmp_path: Path) -> None:
    with emulated(platform, tmp_path) as device:
        before = device.device.running()
        found = gathered(device)
        assert {"running_config", "interfaces", "routes4"} <= set(found)
        assert [output.rc for output in found.values()] == [0] * len(found)
        assert found["running_config"].stdout.strip().endswith(before.strip()), (
            "IOS XR says first what time it is"
        )
        assert "10.10.1.1" in found["interfaces"].stdout
        assert "10.20.1.0" in found["routes4"].stdout
        assert device.logins == 1
        assert [line for line in device.device.commands if not HARMLESS.fullmatch(line)] == []
        assert device.device.running() == before


def test_no_secret_of_a_configuration_is_kept(tmp_path: Path) -> None:
    config = "hostname R1\nenable secret 9 $9$hush\nusername ops privilege 15 secret 9 $9$hush\n"
    with emulated("cisco_ios", tmp_path, config=config) as device:
        found = gathered(device)
        assert "hush" in device.device.running()
        for name in ("running_config", "startup_config"):
            assert "hush" not in found[name].stdout
            assert "enable secret 9 ********\n" in found[name].stdout


@pytest.mark.parametrize("platform", PLATFORMS)
def test_pages_although_paging_is_off(platform: str, tmp_path: Path) -> None:
    with emulated(platform, tmp_path, faults={"pages": True}) as device:
        assert gathered(device)["running_config"].stdout.strip().endswith(device.device.running().strip())


def test_a_long_configuration_to_its_last_line(tmp_path: Path) -> None:
    config = f"hostname R1\nip access-list extended LONG\n{LONG}"
    with emulated("cisco_ios", tmp_path, config=config) as device:
        text = gathered(device)["running_config"].stdout
        assert text.count(" permit tcp ") == 1200
        assert text.rstrip().endswith("end")


def test_the_prompt_within_a_configuration_is_not_its_end(tmp_path: Path) -> None:
    config = "hostname R1\nbanner motd ^C Welcome to\nR1#\nlogging host 10.0.0.1\nline vty 0 4\n"
    with emulated("cisco_ios", tmp_path, config=config, faults={"trickle": 0.01}) as device:
        assert "logging host 10.0.0.1" in gathered(device)["running_config"].stdout


@pytest.mark.parametrize("platform", ["cisco_ios", "juniper_junos"])
def test_a_slow_device(platform: str, tmp_path: Path) -> None:
    with emulated(platform, tmp_path, faults={"slow": 0.4}) as device:
        assert gathered(device)["running_config"].stdout.strip() == device.device.running().strip()


def test_too_slow(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, faults={"slow": 3.0}) as device:
        error = failure(device, timeout=1.0)
        assert "no prompt after 'show version' within 1 s" in error
        assert "give a longer timeout" in error


def test_a_device_that_says_nothing(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, faults={"silent": True}) as device:
        began = time.monotonic()
        assert "no prompt after the login within 2 s; the last line is '####" in failure(device, timeout=2.0)
        assert time.monotonic() - began < 8


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_connection_drops_in_the_middle(platform: str, tmp_path: Path) -> None:
    with emulated(platform, tmp_path, faults={"drop_after": 12}) as device:
        assert re.match(r"the connection was lost in the middle of 'show \w+", failure(device))


def test_an_output_that_never_ends(tmp_path: Path) -> None:
    with emulated("cisco_nxos", tmp_path, faults={"endless": True}) as device:
        assert "no prompt after 'show version' within 1 s" in failure(device, timeout=1.0)


def test_text_that_comes_later_than_its_prompt(tmp_path: Path) -> None:
    with emulated("cisco_nxos", tmp_path, faults={"late": "\n 50 permit ip any any\nN9K# "}) as device:
        error = failure(device)
        assert "the device printed more than 'show version' asked for, after '50 permit ip any any'" in error


def test_a_prompt_that_comes_twice(tmp_path: Path) -> None:
    with emulated("cisco_nxos", tmp_path, faults={"late": "\nN9K# "}) as device:
        assert gathered(device)["running_config"].stdout.strip() == device.device.running().strip()


# --- who may log in


def test_wrong_password(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device:
        error = failure(device, UnreachableError, password="wrong-secret")
        assert error.startswith("the host refuses the login\nwhere: r1 (audit@127.0.0.1 port ")
        assert "wrong-secret" not in error
        assert device.device.commands == []


def test_unknown_host_key(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device:
        strange = "-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null"
        error = failure(device, UnreachableError, ssh_args=strange)
        assert "the host key is not known: ecdsa-sha2-nistp256 SHA256:" in error
        assert "nothing was sent" in error
        assert device.logins == 0
        assert gathered(device, ssh_args=strange, host_keys="off")["running_config"].rc == 0


def test_nothing_listens(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device:
        device.device.close()
        assert "the connection is refused" in failure(device, UnreachableError)


# --- rights


@pytest.mark.parametrize("platform", WITH_ENABLE)
def test_no_enable_was_asked_for(platform: str, tmp_path: Path) -> None:
    with emulated(platform, tmp_path) as device:
        error = failure(device, become=False)
        assert "this login may not read the configuration: the prompt is '" in error
        assert "set ansible_become: true, ansible_become_method: enable and ansible_become_password" in error
        assert "enable" not in device.device.commands


@pytest.mark.parametrize("platform", WITH_ENABLE)
def test_wrong_enable_secret(platform: str, tmp_path: Path) -> None:
    with emulated(platform, tmp_path) as device:
        error = failure(device, become_password="wrong-secret")
        assert error.startswith("the device refuses enable with this password")
        assert "wrong-secret" not in error
        assert device.device.commands.count("enable") == 1


def test_no_enable_secret_is_known(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device:
        assert "enable needs a password, and none is known" in failure(device, become_password=None)


def test_a_login_that_has_all_rights_needs_no_enable(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, level=15) as device:
        assert gathered(device, become=False, become_password=None)["running_config"].rc == 0
        assert "enable" not in device.device.commands


def test_enable_without_a_password(tmp_path: Path) -> None:
    with emulated("cisco_asa", tmp_path, secret=None) as device:
        assert gathered(device, become_password=None)["running_config"].rc == 0


def test_a_level_from_which_parts_of_the_configuration_are_hidden(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, level=7) as device:
        error = failure(device)
        assert "the device would leave out parts of its configuration: 'show privilege' says" in error
        assert "level is 7" in error


def test_enable_is_not_for_this_user(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, faults={"privilege": 1}) as device:
        assert "the device refuses enable: % Error in authentication." in failure(device)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_command_that_authorization_denies(platform: str, tmp_path: Path) -> None:
    command = platform_of(platform).commands["running_config"]
    with emulated(platform, tmp_path, faults={"refuse": (command,)}) as device:
        error = failure(device)
        assert error.startswith(f"the login may not run '{command}': ")
        assert "privilege level 15" in error


def test_a_junos_login_that_may_not_see_the_filters(tmp_path: Path) -> None:
    config = "firewall {\n    family inet {\n        filter A;\n    }\n}\n"
    with emulated("juniper_junos", tmp_path, config=config) as device:
        tree = device.device.committed[0]  # type: ignore[attr-defined]
        tree.statements[0].children[0].line = "/* ACCESS-DENIED */"
        error = failure(device)
        assert (
            "the login may not run 'show configuration': permission denied for a part of 'firewall'" in error
        )


def test_a_device_that_does_not_know_a_command(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device:
        channel = open_channel(device.access())
        found = channel.run("show zone security")
        channel.close()
        assert (found.rc, found.stderr) == (1, "% Invalid input detected at '^' marker.")


# --- another device


@pytest.mark.parametrize(
    ("real", "asked", "why"),
    [
        ("arista_eos", "cisco_ios", "it says it is arista_eos"),
        ("cisco_ios", "cisco_nxos", "it says it is cisco_ios"),
        ("cisco_asa", "arista_eos", "it says it is cisco_asa"),
        ("juniper_junos", "cisco_ios", "its prompt is 'audit@mx1>'"),
        ("cisco_ios", "juniper_junos", "its prompt is 'R1>'"),
        ("cisco_nxos", "vyos", "its prompt is 'N9K#'"),
        ("juniper_junos", "paloalto_panos", "it answers 'show system info' by 'unknown command.'"),
    ],
)
def test_the_wrong_platform(real: str, asked: str, why: str, tmp_path: Path) -> None:
    with emulated(real, tmp_path) as device:
        error = failure(device, platform=asked)
        assert error.startswith(f"this is no {asked}: {why}")
        assert "set 'platform' or ansible_network_os" in error
        assert all(line.startswith("show ") for line in device.device.commands)


def test_a_prompt_that_is_none(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path, faults={"prompt": "(C) choose one> "}) as device:
        assert "this is no cisco_ios: its prompt is '(C) choose one>'" in failure(device)


# --- only reading


WRITING = (
    "configure terminal",
    "reload",
    "show running-config | redirect tftp://10.0.0.1/a",
    "show running-config | append flash:a",
    "show running-config > bootflash:a",
    "show version\nreload",
    "show version ; reload",
    "copy running-config startup-config",
    "write memory",
    "clear counters",
    "request system reboot",
    "nft -j list ruleset",
    "",
)


def test_nothing_but_reading_is_sent(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as device:
        channel = open_channel(device.access())
        sent = list(device.device.commands)
        for command in WRITING:
            with pytest.raises(GatherError, match="is not sent to a device that is only read"):
                channel.run(command)
        with pytest.raises(GatherError, match="is only read"):
            channel.run("show version", stdin="reload\n")
        channel.close()
        assert device.device.commands == sent


@pytest.mark.parametrize("platform", DEVICES)
def test_all_that_is_gathered_may_be_sent(platform: str) -> None:
    shows = DEVICES[platform]
    for command in (*shows.commands.values(), *shows.boot.values()):
        assert SHOWS.fullmatch(command), command


def test_many_devices_at_once(tmp_path: Path) -> None:
    with emulated("cisco_ios", tmp_path) as first, emulated("juniper_junos", tmp_path) as second:
        accesses = [
            first.access(name="one"),
            second.access(name="two"),
            second.access(name="bad", password="x"),
        ]
        found = on_hosts(accesses, lambda channel: channel.run("show version").stdout)
        assert "IOS XE" in str(found["one"])
        assert "mx240" in str(found["two"])
        assert isinstance(found["bad"], UnreachableError)
        assert (first.logins, second.logins) == (1, 1)
