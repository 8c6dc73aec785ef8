# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the text of a host or device to its state. A platform is one entry in ``PLATFORMS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import ParseError
from ..model.garbage import no_garbage
from ..model.raw import RawOutput
from ..model.state import State
from . import (
    arista_eos,
    cisco_asa,
    cisco_ios,
    cisco_nxos,
    cisco_xr,
    fortinet,
    juniper_junos,
    linux,
    paloalto_panos,
    vyos,
)
from .config import facts

Parser = Callable[[str, Mapping[str, RawOutput]], State]
PLATFORMS: dict[str, Parser] = {
    "linux": linux.parse,
    "paloalto_panos": paloalto_panos.parse,
    "fortinet": fortinet.parse,
    "juniper_junos": juniper_junos.parse,
    "cisco_ios": cisco_ios.parse,
    "cisco_asa": cisco_asa.parse,
    "cisco_nxos": cisco_nxos.parse,
    "cisco_xr": cisco_xr.parse,
    "arista_eos": arista_eos.parse,
    "vyos": vyos.parse,
}


def parse_platform(platform: str, host: str, outputs: Mapping[str, RawOutput]) -> State:
    """The state of ``host`` from what its commands printed, by command name.

    What could not be read is in the state's ``unreadable``, and if it concerns rules, ``firewall_known`` is
    False. Raises ParseError for a platform that has no parser.
    """
    parser = PLATFORMS.get(platform)
    if parser is None:
        raise ParseError(
            f"platform {platform!r} has no parser", host, f"use one of: {', '.join(sorted(PLATFORMS))}"
        )
    with no_garbage():
        state = parser(host, outputs)
        if platform != "linux":
            facts.add(state, outputs)
        return state
