# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What devices show of their interfaces beyond their configuration, read by ntc-templates.

Templates pass over lines that they do not know, so no more is taken from them than what they found: that a link is
down, and an address where the configuration has none (DHCP). netmiko brings ntc-templates with it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...model.raw import RawOutput
from ...model.state import State
from .. import outputs as raw

NTC_ERROR: ImportError | None = None
try:
    from ntc_templates.parse import ParsingException, parse_output
    from textfsm import TextFSMError
except ImportError as error:
    NTC_ERROR = error
    # `add` says so before any use.
    parse_output = ParsingException = TextFSMError = None

_OUTPUT = "interfaces"
# The templates take ages for longer ones, and no device prints them.
_LONGEST_LINE = 1000


@dataclass(frozen=True)
class _Template:
    """``up``: columns that say ``up`` while packets can pass. ``address``: columns of an address and its length."""

    command: str
    platform: str = ""
    name: str = "interface"
    up: tuple[str, ...] = ("link_status",)
    address: tuple[str, ...] = ()


_TEMPLATES = {
    "cisco_ios": _Template(
        "show interfaces", up=("link_status", "protocol_status"), address=("ip_address", "prefix_length")
    ),
    "cisco_nxos": _Template("show interface", address=("ip_address", "prefix_length")),
    "cisco_xr": _Template("show interfaces", address=("ip_address",)),
    "cisco_asa": _Template(
        "show interface",
        name="interface_zone",
        up=("link_status", "protocol_status"),
        address=("ip_address", "netmask"),
    ),
    "arista_eos": _Template(
        "show interfaces", up=("link_status", "protocol_status"), address=("ip_address",)
    ),
    "juniper_junos": _Template("show interfaces"),
    "paloalto_panos": _Template("show interface all", up=("state",)),
    "fortinet": _Template(
        "get system interface", name="name", up=("status",), address=("ip_address", "netmask")
    ),
    "vyos": _Template("show interfaces", "vyatta_vyos", up=("status",)),
}


def add(state: State, outputs: Mapping[str, RawOutput], long: Callable[[str], str]) -> None:
    """``long``: an interface's name as the configuration has it."""
    if _OUTPUT not in outputs or not state.interfaces:
        return
    why = raw.problem(outputs, _OUTPUT)
    if not why and NTC_ERROR is not None:
        why = f"ntc-templates, which comes with netmiko, is not installed: {NTC_ERROR}"
    shown = raw.text(outputs, _OUTPUT)
    if not why and any(len(line) > _LONGEST_LINE for line in shown.splitlines()):
        why = f"it has lines of more than {_LONGEST_LINE} characters"
    template = _TEMPLATES[state.platform]
    try:
        rows = [] if why else list(_rows(template, state.platform, shown))
    except (ParsingException, TextFSMError) as error:
        why = f"ntc-templates can't read it: {' '.join(str(error).split())[:200]}"
        rows = []
    if not why and not rows:
        why = "ntc-templates finds no interface in it"
    for row in rows:
        name = long(row[template.name])
        if name in state.interfaces:
            _fill(state, name, template, row)
    if why:
        state.unreadable.append({"what": _OUTPUT, "reason": why})


def _rows(template: _Template, platform: str, shown: str) -> Iterator[dict[str, Any]]:
    """The template's rows, with a text in every column that is used."""
    columns = (template.name, *template.up, *template.address)
    for row in parse_output(template.platform or platform, template.command, shown):
        lacking = [column for column in columns if column not in row]
        if lacking:
            raise ParsingException(f"its template has no column {lacking[0]!r} in this version")
        yield {**row, **{column: _text(row[column]) for column in columns}}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _fill(state: State, name: str, template: _Template, row: Mapping[str, str]) -> None:
    found = state.interfaces[name]
    said = [row[column].lower() for column in template.up]
    if all(said) and not all(one.startswith(("up", "u/u")) for one in said):
        found.up = False
    address = "/".join(part for column in template.address for part in row[column].split("/") if part)
    if "/" not in address or any("." in known for known in found.addresses):
        return
    try:
        found.addresses.append(str(ipaddress.IPv4Interface(address)))
    except ValueError:  # a word in its place, such as "unassigned"
        return
