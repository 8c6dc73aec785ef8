# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command's way to its start: nothing meant for its stdin before, no password to anything but sudo."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GatherError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.escalate import (
    REFUSALS,
    Launch,
    NotAllowedError,
)

ACCESS = HostAccess("fw1", "10.0.0.1", user="ops", become=True, become_password="sesame")


def prompt_of(launch: Launch) -> bytes:
    found = re.search(r"-p '(\[.* password\])'", launch.command)
    assert found
    return found.group(1).encode()


def mark_of(launch: Launch) -> bytes:
    found = re.search(r"echo (pathguard-[0-9a-f]+)", launch.command)
    assert found
    return found.group(1).encode() + b"\n"


def test_the_password_is_sent_once_sudo_asks_for_it() -> None:
    launch = Launch(ACCESS, "id", become=True)
    assert launch.feed(b"", b"lecture\n") == b""
    assert launch.feed(b"", b"lecture\n" + prompt_of(launch)) == b"sesame\n"
    assert launch.feed(b"", b"lecture\n" + prompt_of(launch)) == b"", "only once"
    assert not launch.started
    assert launch.feed(mark_of(launch), b"") == b""
    assert launch.started


def test_the_password_is_not_sent_when_sudo_does_not_ask() -> None:
    launch = Launch(ACCESS, "id", become=True)
    assert launch.feed(mark_of(launch), prompt_of(launch)) == b""
    assert launch.started


def test_a_second_prompt_is_a_wrong_password() -> None:
    launch = Launch(ACCESS, "id", become=True)
    launch.feed(b"", prompt_of(launch))
    with pytest.raises(GatherError, match="sudo refuses the password"):
        launch.feed(b"", prompt_of(launch) + b"\nSorry, try again.\n" + prompt_of(launch))


def test_no_secret_in_the_command() -> None:
    assert "sesame" not in Launch(ACCESS, "id", become=True).command
    assert "sesame" not in repr(ACCESS)


@pytest.mark.parametrize(
    ("access", "become", "sudo"),
    [
        (ACCESS, True, True),
        (ACCESS, False, False),
        (HostAccess("h", "h", user="ops"), True, False),
        (HostAccess("h", "h", user="root", become=True), True, False),
        (HostAccess("h", "h", user="root", become=True, become_user="app"), True, True),
        (HostAccess("h", "h", user="ops", become=True, become_method="ansible.builtin.sudo"), True, True),
    ],
)
def test_when_sudo_is_used(access: HostAccess, become: bool, sudo: bool) -> None:
    assert ("sudo" in Launch(access, "id", become).command) is sudo


def test_without_a_password_sudo_must_not_ask() -> None:
    assert " sudo -n " in Launch(HostAccess("h", "h", become=True), "id", become=True).command


def test_only_the_commands_own_output_is_kept() -> None:
    launch = Launch(ACCESS, "id", become=True)
    assert launch.strip(b"Welcome!\n" + mark_of(launch) + b"output\n") == b"output\n"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (b"sudo: 1 incorrect password attempt", "refuses the password"),
        (b"ops is not in the sudoers file.", "may not do this by sudo"),
        (b"Sorry, user ops is not allowed to execute '/bin/sh' as root on fw1.", "may not do this by sudo"),
        (b"sudo: a password is required", "none is known"),
        (b"sudo: sorry, you must have a tty to run sudo", "requiretty"),
        (b"env: 'sudo': No such file or directory", "not installed"),
        (b"something else went wrong", "something else went wrong"),
        (b"", "it says nothing"),
    ],
)
def test_what_sudo_says(said: bytes, what: str) -> None:
    error = Launch(ACCESS, "id", become=True).refused(1, b"", said)
    assert what in str(error)
    assert len(str(error).splitlines()) == 3


@pytest.mark.parametrize(
    ("said", "singly"),
    [
        (b"Sorry, user ops is not allowed to execute '/bin/sh' as root on fw1.", True),
        (b"sudo: I'm sorry ops. I'm afraid I can't do that", True),
        (b"sudo: a password is required", True),
        (b"sudo: interactive authentication is required", True),
        (b"Missing sudo password", True),
        (b"", True),
        (b"sudo: 1 incorrect password attempt", False),
        (b"Incorrect sudo password", False),
        (b"ops is not in the sudoers file.", False),
        (b"something else went wrong", False),
    ],
)
def test_where_sudo_may_allow_single_commands(said: bytes, singly: bool) -> None:
    error = Launch(ACCESS, "id", become=True).refused(1, b"", said)
    assert isinstance(error, NotAllowedError) is singly
    assert isinstance(
        Launch(replace(ACCESS, become_password=None), "id", become=True).refused(1, b"", b"Kennwort!"),
        NotAllowedError,
    ), "in whatever language"
    by_su = Launch(replace(ACCESS, become_method="su"), "id", become=True, by_sudo=False)
    assert not isinstance(by_su.refused(1, b"", said), NotAllowedError)


def test_secrets_are_blotted_out_of_what_sudo_says() -> None:
    assert "sesame" not in str(
        Launch(ACCESS, "id", become=True).refused(1, b"", b"sesame: command not found")
    )


def test_each_refusal_says_what_to_do() -> None:
    assert all(todo for _pattern, _what, todo, _singly in REFUSALS)
