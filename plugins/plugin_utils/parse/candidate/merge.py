# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a configuration mode merged into a running configuration, by platform."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .. import cisco_asa, cisco_nxos, cisco_xr
from ..config import eos_binding, ios_lists, ios_text, modes
from ..config.blocks import Line, tree
from . import forti_lines, panos_lines, set_lines
from .cisco_lines import Dialect, merged

# Settings of an interface that there is one of: their words, an asterisk for what may be another.
_ONCE = tuple(
    tuple(words.split())
    for words in (
        "ip access-group * in",
        "ip access-group * out",
        "ipv6 access-group * in",
        "ipv6 access-group * out",
        "ipv6 traffic-filter * in",
        "ipv6 traffic-filter * out",
        "ip port access-group * in",
        "mac access-group * in",
        "traffic-policy input *",
        "traffic-policy output *",
        "ip address * *",
        "ip address *",
        "zone-member security *",
        "service-policy type inspect *",
        "vrf forwarding *",
        "vrf member *",
        "vrf *",
        "ip vrf forwarding *",
        "ip policy route-map *",
        "access-class * in",
        "mtu *",
        "ip mtu *",
        "hostname *",
        "nameif *",
        "security-level *",
        "ip address * * standby *",
        "ipv4 address * *",
        "ipv4 address *",
    )
)
_FAMILIES = ("ip", "ipv6")
_VERSIONS, _WAYS = ("ipv4", "ipv6"), ("ingress", "egress", "in", "out")


def _once(words: list[str]) -> tuple[str, ...] | None:
    if words[:1] == ["description"]:
        return ("description",)
    if words[:1] == [
        "access-group"
    ]:  # of ASA: one for each direction of an interface, to itself, and one for all
        return ("access-group", *words[2:5], *(word for word in words[5:] if word == "control-plane"))
    if (
        words[1:2] == ["access-group"] and words[0] in _VERSIONS
    ):  # of IOS XR, with settings behind the direction
        return (*words[:2], *(word for word in words[2:] if word in _WAYS))
    for one in _ONCE:
        if len(one) == len(words) and all(here in ("*", there) for here, there in zip(one, words)):
            return one
    return None


def _ios_list(words: list[str]) -> bool:
    if words[:1] == ["object-group"] or words[1:2] != ["access-list"]:
        return False
    return words[0] == "ipv6" or words[2:3] in (["standard"], ["extended"])


def _named_list(words: list[str]) -> bool:
    """NX-OS and EOS: an access list, or an object group, whose lines have numbers too."""
    if words[0] == "object-group":
        return len(words) > 2
    return words[0] in _FAMILIES and words[1:2] == ["access-list"] and len(words) > 2


def _xr_list(words: list[str]) -> bool:
    return words[0] in _VERSIONS and words[1:2] == ["access-list"] and len(words) == 3


def _numbered(words: list[str]) -> str:
    is_entry = words[0] == "access-list" and len(words) > 1 and ios_lists.kind_of(words[1]) != ""
    return words[1] if is_entry else ""


def _ios_renumbers(words: list[str]) -> tuple[list[str], int, int] | None:
    if words[:3] != ["ip", "access-list", "resequence"] or len(words) != 6:
        return None
    name = words[3]
    kind = ios_lists.kind_of(name) or "extended"
    return ["ip", "access-list", kind, name], int(words[4]), int(words[5])


def _nxos_renumbers(words: list[str]) -> tuple[list[str], int, int] | None:
    if words[0] != "resequence" or words[2:3] != ["access-list"] or len(words) != 6:
        return None
    return words[1:4], int(words[4]), int(words[5])


def _opens_by(mode: Callable[[list[str]], object]) -> Callable[[list[str]], bool]:
    return lambda words: mode(words) is not None


def _gathered(text: str, mode: Callable[[list[str]], modes.Belongs | None]) -> list[Line]:
    plain = "\n".join(line for line in text.split("\n") if line.strip() != "exit")
    return modes.gathered(tree(plain), mode, strays=True)


def _asa_in_order(words: list[str]) -> bool:
    return words[:1] in (["access-list"], ["object"], ["object-group"]) or words[:2] == [
        "ipv6",
        "access-list",
    ]


_IOS = Dialect(
    ios_text.lines_of,
    _ios_list,
    _opens_by(ios_text.mode),
    _once,
    _ios_renumbers,
    _numbered,
)
_NXOS = Dialect(
    lambda text: _gathered(text, cisco_nxos.mode),
    _named_list,
    _opens_by(cisco_nxos.mode),
    _once,
    _nxos_renumbers,
)
_EOS = Dialect(
    lambda text: _gathered(text, eos_binding.mode),
    _named_list,
    _opens_by(eos_binding.mode),
    _once,
)
_XR = Dialect(
    lambda text: _gathered(text, cisco_xr.mode),
    _xr_list,
    _opens_by(cisco_xr.mode),
    _once,
    replaces=True,
)
_ASA = Dialect(
    cisco_asa.commands,
    lambda _words: False,
    _opens_by(cisco_asa.mode),
    _once,
    in_order=lambda words: _asa_in_order(words[2:] if words[:2] == ["clear", "configure"] else words),
    end=(":", "end"),
)

# Platform -> (running configuration, lines, what the lines are) -> the configuration with them.
MERGES: dict[str, Callable[[str, str, str], str]] = {
    "cisco_ios": partial(merged, _IOS),
    "cisco_nxos": partial(merged, _NXOS),
    "arista_eos": partial(merged, _EOS),
    "cisco_asa": partial(merged, _ASA),
    "cisco_xr": partial(merged, _XR),
    "fortinet": forti_lines.merged,
    "juniper_junos": set_lines.junos,
    "paloalto_panos": panos_lines.merged,
    "vyos": set_lines.vyos,
}
