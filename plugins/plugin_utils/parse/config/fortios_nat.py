# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translation of sources by FortiOS: by the policy that lets a connection through, or by the central table.

Sources: Fortinet, "FortiOS Administration Guide", "Static SNAT", "Dynamic SNAT", "Central SNAT" (the policies'
own settings don't count then, and what no entry matches keeps its source), "NAT source VIP" (the source of a one to
one virtual IP's server becomes the virtual address).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...model.match import ALWAYS, In, Match, Unknown, both, protocol, unknown_reasons
from ...model.rules import ACCEPT, Effect, Rule
from . import asks
from .fortios_addresses import between
from .fortios_policy import Objects, disabled
from .fortios_tree import Block
from .fortios_vips import Vip
from .numbers import is_number, number, ports
from .words import NotUnderstoodError

_SOURCE = "src,src_port"
_MATTERS = frozenset(
    (
        "comments", "dst-addr", "dst-addr6", "dst-port", "dstintf", "nat", "nat-ippool", "nat-ippool6", "nat-port",
        "orig-addr", "orig-addr6", "orig-port", "policyid", "port-preserve", "port-random", "protocol", "srcintf",
        "status", "type", "uuid",
    )
)  # fmt: skip


def by_policy(
    blocks: Iterable[Block], rules: Iterable[Rule], pools: dict[str, Block], vips: list[Vip]
) -> list[Rule]:
    """What happens to the sources of connections, by the rules of the policies: the first that matches decides."""
    by_line = {block.name: block for block in blocks}
    found: list[Rule] = []
    for rule in rules:
        block = by_line.get(str(rule.line))
        effects = _effects(block, pools, "poolname") if block is not None and rule.verdict == ACCEPT else ()
        masked = bool(effects) and effects[0].kind == "masquerade"
        for vip in vips if masked else ():
            if vip.plain and vip.inside is not None:
                server = In("src", (vip.inside,), vip.family)
                found.append(
                    replace(rule, match=both(rule.match, server), effects=(_unknown(vip.name, vip.family),))
                )
        found.append(replace(rule, verdict=ACCEPT, effects=effects))
    return found if any(rule.effects for rule in found) else []


def _unknown(why: str, family: int = 4) -> Effect:
    return Effect("unknown", field=_SOURCE, family=family, detail=why)


def _effects(block: Block, pools: dict[str, Block], key: str) -> tuple[Effect, ...]:
    if block.settings.get("nat") != ["enable"]:
        return ()
    if block.settings.get("ippool") != ["enable"]:
        return (Effect("masquerade"),)
    return _pool(block.settings.get(key, []), pools)


def _pool(names: list[str], pools: dict[str, Block]) -> tuple[Effect, ...]:
    try:
        if len(names) != 1 or names[0] not in pools:
            raise NotUnderstoodError(f"pool {' '.join(names)}")
        pool = pools[names[0]]
        found = between("src", f"{pool.value('startip')}-{pool.value('endip')}", 4)
    except NotUnderstoodError as error:
        return (_unknown(str(error)),)
    return (Effect("snat", family=4, address=found.ranges[0]),)


def central(blocks: Iterable[Block], objects: Objects, pools: dict[str, Block]) -> Iterator[Rule]:
    """The rules of ``config firewall central-snat-map``."""
    for position, block in enumerate(blocks, start=1):
        if disabled(block):
            continue
        try:
            asked = _asked(block, objects)
        except NotUnderstoodError as error:
            why = f"central-snat-map {block.name}: {error}"
            asked = Unknown(why, why)
        effects: tuple[Effect, ...] = ()
        if block.settings.get("nat", ["enable"]) == ["enable"]:
            names = block.settings.get("nat-ippool", [])
            effects = _pool(names, pools) if names else (Effect("masquerade"),)
        if "nat-ippool6" in block.settings:
            effects = (_unknown("nat-ippool6", 6),)
        line = int(block.name) if is_number(block.name) else block.line
        reasons = tuple(unknown_reasons(asked))
        yield Rule(position, asked, ACCEPT, block.shown(), effects, line=line, not_understood=reasons)


def _asked(block: Block, objects: Objects) -> Match:
    unknown = [key for key in block.settings if key not in _MATTERS]
    if unknown or block.unread or block.blocks:
        raise NotUnderstoodError(f"{(unknown or block.unread or list(block.blocks))[0]!r} is not understood")
    family = 6 if block.value("type", "ipv4") == "ipv6" else 4
    ending = "6" if family == 6 else ""
    asked: list[Match] = [asks.FAMILY[family]]
    for key, at in (("srcintf", "in_interface"), ("dstintf", "out_interface")):
        asked.append(objects.interfaces(at, block.settings.get(key, [])))
    for key, at in (("orig-addr", "src"), ("dst-addr", "dst")):
        names = block.settings.get(f"{key}{ending}", [])
        if not names:
            raise NotUnderstoodError(f"{key}{ending} is missing")
        asked.append(asks.either(objects.addresses[family].match(at, name) for name in names))
    of_protocol = number(block.value("protocol", "0"), 255)
    asked.append(protocol(of_protocol) if of_protocol else ALWAYS)
    for key, at in (("orig-port", "src_port"), ("dst-port", "dst_port")):
        said = ports(block.value(key, "0"))
        asked.append(asks.ports(at, said) if said not in ((0, 0), (0, 0xFFFF), (1, 0xFFFF)) else ALWAYS)
    return both(*asked)
