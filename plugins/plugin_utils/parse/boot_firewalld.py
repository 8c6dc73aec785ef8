# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firewalld's runtime configuration beside its permanent one (firewall-cmd(1)).

The text has parts ``= runtime zones``, ``= permanent policies`` and so on, each as firewall-cmd prints it.
Compared is what firewalld knows; of what somebody else may have put into its tables, only what stands in the
base chains is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..model.state import State
from .boot_rules import Lines, difference

_PART = re.compile(r"^= (runtime|permanent) (\S+)$")
_BLOCK = re.compile(r"(\S+)(?: \([\w, ]+\))?$")
_INTERFACES = "interfaces"
# firewalld's tables of nft, by family; src/firewall/core/nftables.py
_PANIC = "firewalld_policy_drop"
_TABLES = ("inet/firewalld", "ip/firewalld", "ip6/firewalld")


def compare(text: str, head: Mapping[str, str]) -> tuple[str, str]:
    """``(matches, difference)`` with matches ``same``, ``differs`` or ``unknown``. ``head``: the words of the
    first line."""
    default_zone = head.get("default", "")
    saved_zone = head.get("saved_default") or default_zone
    if saved_zone != default_zone:
        return "differs", f"the default zone: saved {saved_zone}; is {default_zone}"
    scopes: dict[str, Lines] = {"runtime": {}, "permanent": {}}
    interfaces: dict[str, dict[str, str]] = {"runtime": {}, "permanent": {}}
    for scope, part, lines in parts_of(text):
        if part in ("zones", "policies"):
            for name, settings, links in _blocks(lines):
                scopes[scope][f"{part}/{name}"] = settings
                interfaces[scope].update(dict.fromkeys(links, name))
        elif any(line.strip() for line in lines):
            scopes[scope][part] = sorted(line.strip() for line in lines if line.strip())
    if not scopes["runtime"] or not scopes["permanent"]:
        return "unknown", "firewall-cmd did not list both configurations"
    found = difference(scopes["permanent"], scopes["runtime"])
    if found:
        return "differs", found
    for link, zone in interfaces["permanent"].items():
        if interfaces["runtime"].get(link) != zone:
            now = interfaces["runtime"].get(link, "no zone")
            return "differs", f"interface {link}: saved in zone {zone}; is in {now}"
    # NetworkManager puts interfaces into zones itself, and firewalld what has none into the default zone.
    for link, zone in interfaces["runtime"].items():
        if link not in interfaces["permanent"] and zone != default_zone:
            return "unknown", f"interface {link} is in zone {zone}, which firewalld's files don't say"
    return "same", ""


def beyond_files(state: State) -> str:
    """What runs in firewalld's tables, and is not of its configuration; empty if nothing is known to."""
    if any(key.split("/")[1] == _PANIC for key in state.rulesets):
        return "panic mode is on, and ends with a reboot"
    for table in _TABLES:
        # At each start and reload firewalld fills the base chains before all others, and later never adds to
        # them; nft counts handles up.
        others = [
            rule.handle or 0
            for key, chain in state.chains.items()
            if key.startswith(f"{table}/")
            for rule in chain.rules
        ]
        for key, ruleset in state.rulesets.items():
            for rule in ruleset.rules if key.startswith(f"{table}/") else ():
                if others and (rule.handle or 0) > min(others):
                    return f"{key} runs {rule.text}, which was added by hand"
    return ""


def parts_of(text: str) -> Iterator[tuple[str, str, list[str]]]:
    scope, part, lines = "", "", []  # type: tuple[str, str, list[str]]
    for line in text.splitlines():
        head = _PART.match(line)
        if head is None:
            lines.append(line)
            continue
        if scope:
            yield scope, part, lines
        scope, part, lines = head[1], head[2], []
    if scope:
        yield scope, part, lines


def _blocks(lines: list[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Zones or policies: name, settings in an order of their own, interfaces."""
    name, settings, links, key = "", [], [], ""  # type: tuple[str, list[str], list[str], str]
    for line in [*lines, ""]:
        if not line.strip():
            if name:
                yield name, sorted(settings), links
            name, settings, links = "", [], []
        elif not line[0].isspace():
            head = _BLOCK.match(line.strip())
            name = head[1] if head else line.strip()
        elif line.startswith("\t"):
            settings.append(f"{key}: {line.strip()}")
        else:
            key, _colon, value = line.strip().partition(":")
            if key == _INTERFACES:
                links = value.split()
            else:
                settings.extend(f"{key}: {word}" for word in value.split())
