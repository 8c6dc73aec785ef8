# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How devices talk in a terminal: their prompts, what they say they are, and what makes a session fit for reading.

Sources: Cisco IOS Terminal Services Command Reference ("terminal length", "terminal width"), Cisco IOS Security
Configuration Guide, "Configuring Passwords and Privileges" ("show running-config" leaves out what the level may not
change), Cisco ASA Command Reference ("terminal pager"), Arista EOS User Manual ("terminal length"), Junos CLI User
Guide ("set cli screen-length", "set cli complete-on-space"), PAN-OS CLI Quick Start ("set cli scripting-mode", "set cli
pager"), VyOS User Guide ("Command Line Interface"), FortiOS Administration Guide ("CLI basics").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# The host name, then the mode: (config), (config-ext-nacl), (s1), ...
_CISCO = (r"[A-Za-z0-9_][\w.:/+-]*", r"(?:\([^()\r\n]*\))*[>#]")
_AT_HOST = r"[\w.\\-]+@[\w.-]+"
# Prompts are cut short where they get long: in IOS's configuration modes, to 20 characters as a whole.
_SURE = 15


@dataclass(frozen=True)
class DeviceLogin:
    """``prompt``: patterns of the part of the prompt that stays the same, and of the rest. ``version``: the command
    that says what the device is, and what it then says. ``prepare``: commands that hold for this session alone; the
    device need not know them. ``enable``: a prompt that ends with ``>`` means fewer rights than the session could have.
    ``level``: a command, and what it says of a session with all rights, where the device leaves out parts of its
    configuration from others without a word. ``outside``: the prompt of what the device may
    begin with instead, and the command that leads in."""

    prompt: tuple[str, str]
    version: tuple[str, str]
    prepare: tuple[str, ...] = ()
    enable: bool = False
    level: tuple[str, str] | None = None
    outside: tuple[str, str] | None = None

    def name_in(self, prompt: str) -> str | None:
        """The part that stays the same of a line that could be a prompt; None of any other."""
        name, rest = self.prompt
        found = re.fullmatch(f"({name}){rest}", prompt)
        return found[1] if found else None

    def ends(self, name: str) -> re.Pattern[str]:
        """What the output of a device ends with whose prompt has this name, in all of its modes; group 1 is the
        prompt."""
        more = r"[^\s#>$()]*" if len(name) > _SURE else ""
        return re.compile(rf"(?:^|[\r\n])({re.escape(name[:_SURE])}{more}{self.prompt[1]}) ?$")


DEVICE_LOGINS: Mapping[str, DeviceLogin] = {
    "cisco_ios": DeviceLogin(
        _CISCO,
        ("show version", r"IOS[ -]XE|Cisco IOS(?! XR)|Internetwork Operating System"),
        ("terminal length 0", "terminal width 511"),
        True,
        ("show privilege", r"privilege level is 15\b"),
    ),
    "cisco_nxos": DeviceLogin(
        _CISCO,
        ("show version", r"NX-OS|Nexus Operating System"),
        ("terminal length 0", "terminal width 511"),
        True,
    ),
    "cisco_xr": DeviceLogin(
        _CISCO, ("show version", r"IOS[ -]XR"), ("terminal length 0", "terminal width 511")
    ),
    "cisco_asa": DeviceLogin(
        _CISCO, ("show version", r"Adaptive Security Appliance"), ("terminal pager 0",), True
    ),
    "arista_eos": DeviceLogin(
        _CISCO, ("show version", r"Arista|\b[vc]EOS"), ("terminal length 0", "terminal width 511"), True
    ),
    "juniper_junos": DeviceLogin(
        (_AT_HOST, "[>#]"),
        ("show version", r"(?i)\bjunos\b"),
        ("set cli screen-length 0", "set cli screen-width 511", "set cli complete-on-space off"),
        outside=(r"%|root@[\w.-]*:\S* ?[#%$]|root@[\w.-]*%", "cli"),
    ),
    "paloalto_panos": DeviceLogin(
        (_AT_HOST, r"(?:\([^()\r\n]*\))?[>#]"),
        ("show system info", r"(?m)^(?:sw-version|model): "),
        ("set cli scripting-mode on", "set cli pager off", "set cli terminal width 500"),
    ),
    # Paging can only be switched off by a change of its configuration: pages are turned instead.
    "fortinet": DeviceLogin(
        (r"[\w.-]+", r"(?: \([^()\r\n]*\))? [#$]"), ("get system status", r"(?m)^Version *: *Forti")
    ),
    "vyos": DeviceLogin(
        (_AT_HOST, r"(?::[^\s$#]*)?[$#]"),
        ("show version", r"VyOS"),
        ("set terminal length 0", "set terminal width 511"),
    ),
}


def platforms_that_say(text: str) -> list[str]:
    """The platforms that answer so to what says what a device is."""
    return [name for name, login in DEVICE_LOGINS.items() if re.search(login.version[1], text)]
