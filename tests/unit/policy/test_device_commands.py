# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to type at a device's prompt to undo a change of one entry: the lines lead back to the list as it was."""

from __future__ import annotations

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.undo import changes_of
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.commands import commands_of

WIDE, NARROW, DENY = (
    "10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432",
    "10 permit tcp 10.10.1.0 0.0.0.63 host 10.20.1.10 eq 5432",
    "5 deny ip host 10.10.1.66 any",
)


def state(platform: str, opened: str, *entries: str) -> State:
    text = "\n".join([opened, *(f"  {entry}" for entry in entries), ""])
    return parse_platform(
        platform, "r1", {"running_config": RawOutput("running_config", "show run", 0, text)}
    )


def undone(
    platform: str, opened: str, before: tuple[str, ...], now: tuple[str, ...]
) -> list[tuple[str, ...]]:
    then, today = state(platform, opened, *before), state(platform, opened, *now)
    changes = changes_of({"r1": then}, {"r1": today})["r1"].changes
    return [commands_of(change, then, today) for change in changes]


CASES = [
    ("cisco_ios", "ip access-list extended A", (WIDE,), (NARROW,), ("no 10", WIDE)),
    ("cisco_ios", "ip access-list extended A", (WIDE,), (DENY, WIDE), ("no 5",)),
    ("cisco_ios", "ip access-list extended A", (WIDE, "20 permit ip any any"), ("20 permit ip any any",), (WIDE,)),
    ("cisco_ios", "ip access-list standard S", ("10 permit 10.0.0.0 0.0.0.255", "20 permit host 10.1.1.1"),
     ("20 permit host 10.1.1.1",), ("10 permit 10.0.0.0 0.0.0.255",)),
    ("cisco_nxos", "ip access-list A", ("10 permit tcp any any eq 22",), ("10 permit tcp any any eq 23",),
     ("no 10", "10 permit tcp any any eq 22")),
    ("arista_eos", "ip access-list A", (WIDE,), (NARROW,), ("no 10", WIDE, "exit")),
    ("arista_eos", "ip access-list standard S", ("10 permit host 10.0.0.1", "20 permit host 10.0.0.2"),
     ("20 permit host 10.0.0.2",), ("10 permit host 10.0.0.1", "exit")),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "opened", "before", "now", "lines"), CASES)
def test_one_entry(
    platform: str, opened: str, before: tuple[str, ...], now: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    assert undone(platform, opened, before, now) == [("configure terminal", opened, *lines)]


@pytest.mark.parametrize(
    ("platform", "opened", "before", "now"),
    [
        # Numbers of IPv6 entries stand at the end; entries without numbers can't be told apart.
        (
            "cisco_ios",
            "ipv6 access-list V",
            ("permit tcp any any eq 22 sequence 10",),
            ("permit tcp any any eq 23 sequence 10",),
        ),
        (
            "cisco_ios",
            "ip access-list extended A",
            ("permit tcp any any eq 22",),
            ("permit tcp any any eq 23",),
        ),
    ],
)
def test_what_is_not_known_is_not_said(
    platform: str, opened: str, before: tuple[str, ...], now: tuple[str, ...]
) -> None:
    assert set(undone(platform, opened, before, now)) == {()}


def test_a_number_that_is_somebody_elses_by_now() -> None:
    """Numbered anew: typing the old entry under its old number would not be what was there."""
    opened = "ip access-list extended A"
    found = undone("cisco_ios", opened, (WIDE, "20 permit ip any any"), ("10 permit ip any any",))
    assert ("configure terminal", opened, WIDE) not in found
