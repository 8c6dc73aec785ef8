# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as the source hosts resolve them."""

from __future__ import annotations

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import names
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Reply

PRINTED = (
    "10.20.1.10      STREAM db.example\n10.20.1.10      DGRAM\n::ffff:10.20.1.11 STREAM \n"
    "fd00:20:1::10   STREAM \nfe80::1%eth0    STREAM \nwhat is this\n"
)


class Asked:
    """A channel that answers getent, and keeps what it was asked."""

    host = "app01"

    def __init__(self) -> None:
        self.commands: list[str] = []

    def run(
        self, command: str, *, stdin: str | None = None, become: bool = False, timeout: float | None = None
    ) -> Reply:
        self.commands.append(command)
        return Reply(0, PRINTED, "") if "db.example" in command else Reply(2, "", "")

    def close(self) -> None:
        """Nothing is open."""


def test_each_address_comes_once_and_a_name_without_one_has_none() -> None:
    channel = Asked()
    found = names.resolve(channel, ["db.example", "gone.example"])
    assert found == {"db.example": ["10.20.1.10", "10.20.1.11", "fd00:20:1::10"], "gone.example": []}


def test_what_is_no_name_is_not_given_to_a_shell() -> None:
    channel = Asked()
    assert names.resolve(channel, ["$(reboot)", "-x", "a b"]) == {"$(reboot)": [], "-x": [], "a b": []}
    assert not channel.commands


def test_the_controller_resolves_what_no_host_is_named_for() -> None:
    assert "127.0.0.1" in names.resolve_here("localhost")
    assert names.resolve_here("no-such-name.invalid") == []
