# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device's terminal shows: pages, prompts, refusals, and saved files of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.device_answers import (
    for_want_of_rights,
    hidden_part,
    refusal,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.device_logins import (
    DEVICE_LOGINS,
    platforms_that_say,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.devices import DEVICES
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.files import read_files
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.platforms import platform_of
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.terminal import as_seen, pager_left

IOS_PAGE = " --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b"


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("one\r\r\ntwo", "one\ntwo"),
        (f"one\r\n{IOS_PAGE} ip address 10.0.0.1\r\n", "one\n ip address 10.0.0.1\n"),
        ("<--- More --->\r              \rnameif app\r\n", "nameif app\n"),
        ("---(more 12%)---\r                \r    term a {\r\n", "    term a {\n"),
        ("\x1b[7m--More--\x1b[27m\r\x1b[Kip", "ip"),
        ("\x1b]0;title\x07R1#\x1b[6n", "R1#"),
        ("shoe\bw run\r\n", "show run\n"),
    ],
)
def test_a_terminal_shows_what_a_person_sees(printed: str, seen: str) -> None:
    assert as_seen(printed) == seen


@pytest.mark.parametrize(
    "mark", [" --More-- ", "--More--", "<--- More --->", "---(more)---", "---(more 45%)---", "lines 1-24"]
)
def test_marks_of_pagers(mark: str) -> None:
    assert pager_left(f"interface A\n{mark}\n")
    assert not pager_left(f"description see {mark} for\n")


@pytest.mark.parametrize(
    ("platform", "prompt", "name"),
    [
        ("cisco_ios", "R1#", "R1"),
        ("cisco_ios", "edge-1.example>", "edge-1.example"),
        ("cisco_ios", "R1(config-ext-nacl)#", "R1"),
        ("cisco_ios", "admin@mx1>", None),
        ("cisco_ios", "ops@fw1:~$", None),
        ("cisco_xr", "RP/0/RSP0/CPU0:core-1#", "RP/0/RSP0/CPU0:core-1"),
        ("cisco_asa", "asa/ctx1/pri/act#", "asa/ctx1/pri/act"),
        ("arista_eos", "sw1(s1)(config-s-patch)#", "sw1"),
        ("juniper_junos", "admin@mx1>", "admin@mx1"),
        ("juniper_junos", "R1#", None),
        ("paloalto_panos", "admin@PA-VM(active)>", "admin@PA-VM"),
        ("fortinet", "FGT-60F (root) #", "FGT-60F"),
        ("fortinet", "FGT-60F $", "FGT-60F"),
        ("vyos", "vyos@r14:~$", "vyos@r14"),
        ("vyos", "vyos@r14#", "vyos@r14"),
    ],
)
def test_prompts(platform: str, prompt: str, name: str | None) -> None:
    login = DEVICE_LOGINS[platform]
    assert login.name_in(prompt) == name
    if name is not None:
        ends = login.ends(name)
        assert ends.search(f"some text\r\n{prompt} ")
        assert not ends.search(f"some text\r\n{prompt} show version")
        assert not ends.search(f"banner motd {prompt}"), "a prompt stands at the beginning of its line"


def test_a_prompt_that_is_cut_short_in_configuration_mode() -> None:
    ends = DEVICE_LOGINS["cisco_ios"].ends("a-router-with-a-long-name")
    assert ends.search("\na-router-with-a-long-name#")
    assert ends.search("\na-router-with-a(config-ext-nacl)#")


@pytest.mark.parametrize(
    ("said", "rights"),
    [
        ("         ^\n% Invalid input detected at '^' marker.\n", False),
        ("% Incomplete command.\n", False),
        ("Mon Nov 23 09:00:00.000 UTC\n% Invalid input detected\n", False),
        ("% Authorization failed.\n", True),
        ("Command authorization failed.\n", True),
        ("% Permission denied for the role\n", True),
        ("% Invalid input (privileged mode required)\n", True),
        ("ERROR: % Invalid input detected at '^' marker.\n", False),
        ("      ^\nunknown command.\n", False),
        ("error: permission denied\n", True),
        (
            "inet.0: 1 destinations\n\n10.0.0.0/8 *[Direct/0]\n > via a\n x\nerror: timeout communicating\n",
            False,
        ),
        ("Invalid syntax.\n", False),
        ("Unknown command: show foo\n", False),
        ("command parse error before 'foo'\nCommand fail. Return code -61\n", False),
        ("\n  Invalid command: show [foo]\n\n", False),
        ("-bash: show: command not found\n", False),
    ],
)
def test_refusals(said: str, rights: bool) -> None:
    assert refusal(said)
    assert for_want_of_rights(refusal(said)) is rights


@pytest.mark.parametrize(
    "said",
    [
        "Building configuration...\n\nCurrent configuration : 1 bytes\n!\nbanner motd ^C\n% Keep out\n^C\nend\n",
        "Codes: p - overrides from PfR, % - next hop override\n",
        "set firewall name A rule 1 action accept\n",
        "config firewall policy\n    edit 1\n    next\nend\n",
    ],
)
def test_answers_are_no_refusals(said: str) -> None:
    assert refusal(said) == ""


def test_what_junos_keeps_from_a_login() -> None:
    denied = "    /* ACCESS-DENIED */"
    assert hidden_part(f"system {{\n{denied}\n}}\nfirewall {{\n    family inet;\n}}\n") == ""
    assert hidden_part(f"system {{\n}}\nfirewall {{\n{denied}\n}}\n") == "firewall"
    assert hidden_part(denied) == "configuration"


def test_every_platform_has_commands_and_a_login() -> None:
    assert set(DEVICES) == set(DEVICE_LOGINS)
    for name, shows in DEVICES.items():
        assert {"running_config", "interfaces", "routes4"} <= set(shows.commands), name
        known = platform_of(name).commands
        assert {*shows.commands, *shows.boot, *shows.given} == set(known), name
        for other, meant in shows.aliases.items():
            assert meant in known or meant in {"startup_config", "routes6"}, (name, other)


@pytest.mark.parametrize(
    ("value", "platform"),
    [
        ("cisco.ios.ios", "cisco_ios"),
        ("ios", "cisco_ios"),
        ("cisco.nxos.nxos", "cisco_nxos"),
        ("cisco.iosxr.iosxr", "cisco_xr"),
        ("cisco.asa.asa", "cisco_asa"),
        ("arista.eos.eos", "arista_eos"),
        ("eos", "arista_eos"),
        ("junipernetworks.junos.junos", "juniper_junos"),
        ("vyos.vyos.vyos", "vyos"),
        ("vyos", "vyos"),
        ("fortinet.fortios.fortios", "fortinet"),
        ("paloaltonetworks.panos.panos", "paloalto_panos"),
        ("IOS", "cisco_ios"),
        ("arista_eos", "arista_eos"),
        ("linux", "linux"),
    ],
)
def test_platforms_by_what_inventories_call_them(value: str, platform: str) -> None:
    assert platform_of(value).name == platform


def test_no_name_means_two_platforms() -> None:
    names = [name for shows in DEVICES.values() for name in shows.network_os] + list(DEVICES)
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("said", "platforms"),
    [
        ("Cisco IOS Software, C2900 Software", ["cisco_ios"]),
        ("Cisco IOS XR Software, Version 7.1.1", ["cisco_xr"]),
        ("Cisco IOS XE Software, Version 17.09.04a", ["cisco_ios"]),
        ("Cisco Nexus Operating System (NX-OS) Software", ["cisco_nxos"]),
        ("Cisco Adaptive Security Appliance Software Version 9.16(4)", ["cisco_asa"]),
        ("Arista vEOS-lab\nSoftware image version: 4.28.3M", ["arista_eos"]),
        ("Hostname: mx1\nModel: mx240\nJunos: 21.4R3.15", ["juniper_junos"]),
        ("Version: FortiGate-60F v7.2.5,build1517", ["fortinet"]),
        ("Version:          VyOS 1.4-rolling", ["vyos"]),
        ("hostname: PA-VM\nsw-version: 10.2.3\nmodel: PA-VM", ["paloalto_panos"]),
        ("Huawei Versatile Routing Platform Software", []),
    ],
)
def test_what_a_device_says_it_is(said: str, platforms: list[str]) -> None:
    assert platforms_that_say(said) == platforms


# --- saved files


def read(folder: Path, text: str, command: str = "show running-config", platform: str = "cisco_ios") -> str:
    path = folder / "saved.txt"
    path.write_bytes(text.encode())
    found = read_files(platform_of(platform), [{"command": command, "path": str(path)}], str)
    return next(iter(found.values())).stdout


def test_a_saved_terminal_is_read_as_it_was_seen(tmp_path: Path) -> None:
    assert (
        read(tmp_path, f"R1#show run\r\n!\r\n{IOS_PAGE}hostname R1\r\nend\r\n")
        == "R1#show run\n!\nhostname R1\nend\n"
    )


def test_a_saved_file_with_the_mark_of_a_pager(tmp_path: Path) -> None:
    with pytest.raises(GatherError, match="was saved page by page: there is '--More--' in it"):
        read(tmp_path, "!\n" * 30 + " --More--         ip access-list extended A\nend\n")


@pytest.mark.parametrize(
    ("platform", "command", "said"),
    [
        ("cisco_ios", "show run", "            ^\n% Invalid input detected at '^' marker.\n\nR1>"),
        ("cisco_asa", "show run", "ERROR: % Invalid input detected at '^' marker.\n"),
        ("juniper_junos", "show configuration", "error: permission denied\n"),
    ],
)
def test_a_saved_refusal(tmp_path: Path, platform: str, command: str, said: str) -> None:
    with pytest.raises(GatherError, match="holds an error message"):
        read(tmp_path, said, command, platform)


def test_another_text_for_what_a_platform_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(GatherError, match="'show startup' is no command that is gathered on cisco_xr"):
        read(tmp_path, "hostname R1\n", "show startup", "cisco_xr")


def test_a_saved_configuration_without_its_secrets(tmp_path: Path) -> None:
    assert read(tmp_path, "hostname R1\nenable secret 9 $9$hush\nend\n") == (
        "hostname R1\nenable secret 9 ********\nend\n"
    )


def test_a_saved_file_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(GatherError, match="is empty"):
        read(tmp_path, "\r\n")
