# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms that can be gathered: one entry each, and nothing else to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import GatherError
from ..model.raw import RawOutput
from . import linux
from .channel import Channel
from .devices import DEVICES


@dataclass(frozen=True)
class Platform:
    """``name``: as users write it, a netmiko device type. ``commands``: the stable name of each command and its
    text, by which saved files are told apart, also of those that are never run; ``aliases``: other texts
    of the same. ``ends``: a pattern for the last line of a command's output, where it has a certain end.
    ``collect``: run all commands in one login; those that show what boot would load only if the second
    argument says so. ``network_os``: values of ansible_network_os that mean this platform."""

    name: str
    netmiko_type: str
    commands: Mapping[str, str]
    aliases: Mapping[str, str]
    ends: Mapping[str, str]
    collect: Callable[[Channel, bool], dict[str, RawOutput]]
    network_os: tuple[str, ...] = ()


PLATFORMS: dict[str, Platform] = {
    platform.name: platform
    for platform in (
        Platform(
            "linux",
            "linux",
            {**linux.COMMANDS, **linux.GIVEN},
            linux.ALIASES,
            linux.ENDS,
            linux.collect,
            ("linux",),
        ),
        *(
            Platform(
                name,
                name,
                {**shows.commands, **shows.boot, **shows.given},
                shows.aliases,
                {},
                shows.collector(),
                shows.network_os,
            )
            for name, shows in DEVICES.items()
        ),
    )
}

DEFAULT = "linux"


def platform_of(name: str) -> Platform:
    """By its name or a value of ansible_network_os. Raises GatherError for one that is not supported."""
    asked = name.strip().lower()
    found = PLATFORMS.get(asked) or next(
        (item for item in PLATFORMS.values() if asked in item.network_os), None
    )
    if found is None:
        raise GatherError(
            f"the platform {name!r} can't be gathered yet",
            "",
            f"supported: {', '.join(sorted(PLATFORMS))}; set 'platform' or ansible_network_os",
        )
    return found
