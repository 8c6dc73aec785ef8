# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fortinet FortiOS: firewall policies, between interfaces and zones, and what is translated.

Sources: Fortinet, "FortiOS Administration Guide", "Firewall policy" (a packet of an open session passes without
being asked about again; what no policy matches is denied), "Zone" and "Virtual domains"; "FortiOS CLI Reference",
"config system settings" (opmode, ngfw-mode, central-nat, asymroute), "config system global" (allow-traffic-redirect:
unless it is disabled, packets that leave by the interface they came in by pass without a policy).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..model.match import ALWAYS, Match, Named, Not, Unknown, both
from ..model.raw import RawOutput
from ..model.rules import ACCEPT, Rule, Ruleset, Verdict
from ..model.state import State
from . import outputs as raw
from .config import asks, fortios_nat, fortios_policy, fortios_system, fortios_vips, platform_marks
from .config.device import Device
from .config.fortios_addresses import Addresses
from .config.fortios_policy import BOTH, ONLY, Kind, Objects, Policies
from .config.fortios_services import Services
from .config.fortios_tree import Block, tree
from .config.words import NotUnderstoodError

_OPEN = Named("connection", ("established", "related"))
_SESSIONS = "packets of open sessions pass (session table)"
_HEADER = "#config-version"
# Tables of policies between interfaces, as rulesets: (name, kind).
_POLICIES = {
    "firewall policy": BOTH,
    "firewall consolidated policy": BOTH,
    "firewall policy6": ONLY[6],
}
_LOCAL = (("intf", "in_interface"),)
_LOCAL_IN = {
    "firewall local-in-policy": Kind((4,), _LOCAL),
    "firewall local-in-policy6": Kind((6,), _LOCAL),
}
_ACL = {
    "firewall acl": Kind((4,), (("interface", "in_interface"),), scheduled=False),
    "firewall acl6": Kind((6,), (("interface", "in_interface"),), scheduled=False),
}
# Tables that bear on packets in ways that are not modelled, and which packets these are.
_MULTICAST = asks.either((asks.network("dst", "224.0.0.0/4"), asks.network("dst", "ff00::/8")))
_NOT_MODELLED: dict[str, Match | None] = {
    "firewall security-policy": ALWAYS,
    "firewall policy46": Named("family", ("ipv4",)),
    "firewall policy64": Named("family", ("ipv6",)),
    "firewall vip46": Named("family", ("ipv4",)),
    "firewall vip64": Named("family", ("ipv6",)),
    "firewall multicast-policy": _MULTICAST,
    "firewall multicast-policy6": _MULTICAST,
    "firewall DoS-policy": None,
    "firewall DoS-policy6": None,
    "firewall interface-policy": None,
    "firewall interface-policy6": None,
    "firewall ttl-policy": None,
    "firewall proxy-policy": None,
}
# Settings of a VDOM with which its policies mean something else; None: some packets may have another fate.
_SETTINGS: dict[tuple[str, str], Match | None] = {
    ("opmode", "transparent"): ALWAYS,
    ("ngfw-mode", "policy-based"): ALWAYS,
    ("asymroute", "enable"): None,
    ("asymroute6", "enable"): None,
}


@dataclass
class _Vdom:
    """One virtual domain. ``prefix``: of the names of its rulesets. ``mine``: its interfaces; ``others``: those of
    other domains; both empty where there is one domain only."""

    config: Block
    prefix: str = ""
    mine: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    first: list[Rule] = field(default_factory=list)

    def says(self, match: Match, verdict: Verdict, text: str, why: str = "") -> None:
        """A rule before the policies."""
        self.first.append(Rule(0, match, verdict, text, not_understood=(why,) if why else ()))


def parse(host: str, outputs: Mapping[str, RawOutput]) -> State:
    """Never fails for what a device printed: what can't be read is named in the state."""
    device = Device(host, "fortinet")
    why = platform_marks.problem(outputs, "fortinet")
    text = raw.text(outputs, "running_config")
    try:
        config = tree(text)
        if not why and not config.blocks:
            why = "it has no 'config' in it"
    except NotUnderstoodError as error:
        config, why = Block("", 0), why or str(error)
    if why:
        device.state.unreadable.append({"what": "running_config", "reason": why})
        device.state.firewall_known = False
        return device.finish()
    return _Fortigate(device, config, _HEADER in text).state()


# Objects that policies name, and what is said of them that decides about no packet.
_OBJECTS = (
    "firewall address",
    "firewall address6",
    "firewall addrgrp",
    "firewall addrgrp6",
    "firewall service custom",
    "firewall service group",
    "firewall vip",
    "firewall vipgrp",
    "firewall schedule onetime",
    "firewall schedule recurring",
    "firewall schedule group",
    "firewall wildcard-fqdn custom",
    "firewall internet-service-custom",
)
_IDLE = frozenset(("color", "comment", "uuid", "visibility"))


def _said(entry: Block) -> list[str]:
    """A line for each word of each setting, so that a member that is lost is one line less."""
    return [
        f"{key} {word}" for key, words in entry.settings.items() if key not in _IDLE for word in words or [""]
    ]


class _Fortigate:
    def __init__(self, device: Device, config: Block, whole: bool) -> None:
        self._device = device
        self._config = config
        self._global = config.blocks.get("global", config)
        self._whole = whole

    def state(self) -> State:
        device = self._device
        hostname = self._global.blocks.get("system global", Block("", 0)).settings.get("hostname", [])
        device.state.hostname = " ".join(hostname)
        by_vdom = fortios_system.interfaces(device, self._global)
        if self._global is not self._config:
            for name in fortios_system.interfaces(device, self._config):
                by_vdom.setdefault(name, [])
        for line in self._config.unread:
            device.not_understood("configuration", fortios_system.beginning(line), "not understood")
        names = self._config.table("vdom")
        if not names:
            self._vdom(_Vdom(self._config))
        for name, config in names.items():
            one = len(names) == 1
            mine = tuple(by_vdom.get(name, ()))
            others = tuple(other for found in by_vdom.values() for other in found if other not in mine)
            self._vdom(_Vdom(config) if one else _Vdom(config, f"{name}/", mine, others))
        return device.finish()

    def _vdom(self, vdom: _Vdom) -> None:
        for table in _OBJECTS:
            for name, entry in vdom.config.table(table).items():
                self._device.define(f"{vdom.prefix}{table}", name, _said(entry))
        zones = fortios_system.Zones.of(vdom.config)
        for zone, members in zones.members.items():
            for name in members:
                self._device.interface(name).zone = zone
        networks = fortios_system.networks(self._global)
        services = Services(vdom.config)
        vips = {family: fortios_vips.Vips(vdom.config, family, zones, services.match) for family in (4, 6)}
        objects = Objects(
            services,
            {family: Addresses(vdom.config, family, networks) for family in (4, 6)},
            vips,
            zones.match,
            _setting(vdom.config, "central-nat") == "enable",
        )
        self._unusual(vdom)
        self._early(vdom, objects)
        self._itself_in(vdom, objects)
        self._policies(vdom, objects, zones)

    def _unusual(self, vdom: _Vdom) -> None:
        """Tables and settings that are not modelled."""
        where = f"{vdom.prefix}configuration"
        for name, concerned in _NOT_MODELLED.items():
            blocks = [one for one in vdom.config.table(name).values() if not fortios_policy.disabled(one)]
            if blocks:
                why = f"config {name} is not modelled"
                self._device.not_understood(where, f"config {name}", why)
                if concerned is not None:
                    vdom.says(concerned, Verdict("unknown", detail=why), f"config {name}", why)
        for (key, value), concerned in _SETTINGS.items():
            if _setting(vdom.config, key) == value:
                why = f"set {key} {value} is not modelled"
                self._device.not_understood(where, f"set {key} {value}", why)
                if concerned is not None:
                    vdom.says(concerned, Verdict("unknown", detail=why), f"set {key} {value}", why)
        for name, block in vdom.config.table("system virtual-wire-pair").items():
            members = tuple(block.settings.get("member", ()))
            why = "virtual wire pairs are not modelled"
            self._device.not_understood(where, f"virtual-wire-pair {name}", why)
            for at in ("in_interface", "out_interface"):
                vdom.says(
                    Named(at, members), Verdict("unknown", detail=why), f"virtual-wire-pair {name}", why
                )

    def _early(self, vdom: _Vdom, objects: Objects) -> None:
        """Access lists in hardware, that drop before anything else ("config firewall acl")."""
        for name, kind in _ACL.items():
            rules = list(Policies(objects, kind).rules(vdom.config.table(name).values()))
            if rules:
                self._device.hook(
                    f"{vdom.prefix}{name}", "prerouting", -150, [*_concerned(vdom), *rules], "permit"
                )

    def _itself_in(self, vdom: _Vdom, objects: Objects) -> None:
        """What is for the device itself: local-in policies may deny it; what they accept, or don't match, is for
        the settings of each interface to decide, which are not modelled."""
        for name, kind in _LOCAL_IN.items():
            rules = list(Policies(objects, kind).rules(vdom.config.table(name).values()))
            if not rules:
                continue
            self._device.hook(f"{vdom.prefix}{name}", "input", 0, [*_concerned(vdom), *rules], "permit")

    def _policies(self, vdom: _Vdom, objects: Objects, zones: fortios_system.Zones) -> None:
        tables = {name: list(vdom.config.table(name).values()) for name in _POLICIES}
        used = fortios_policy.uses([block for blocks in tables.values() for block in blocks], objects.vips)
        if objects.central:
            used = [vip for known in objects.vips.values() for vip in known.by_name.values() if vip.enabled]
        fortios_vips.doubtful(used)
        objects.active = used
        self._nat(f"{vdom.prefix}virtual IPs", "prerouting", -100, fortios_vips.nat_rules(used))
        sources: list[Rule] = []
        pools = vdom.config.table("firewall ippool")
        for name, blocks in tables.items():
            block = vdom.config.blocks.get(name)
            kind = _POLICIES[name]
            if block is None and (name != "firewall policy" or any(tables.values())):
                continue
            rules = list(Policies(objects, kind).rules(blocks))
            for line in block.unread if block is not None else ():
                why = f"{line!r} is not understood"
                rules.insert(
                    0,
                    Rule(0, Unknown(line, why), Verdict("unknown", detail=why), line, not_understood=(why,)),
                )
            if not objects.central:
                sources += fortios_nat.by_policy(blocks, rules, pools, used)
            self._ruleset(vdom, name, kind, rules, zones)
        if objects.central:
            entries = vdom.config.table("firewall central-snat-map").values()
            sources = list(fortios_nat.central(entries, objects, pools))
        self._nat(
            f"{vdom.prefix}sources", "postrouting", 100, [*_concerned(vdom), *sources] if sources else []
        )

    def _ruleset(
        self, vdom: _Vdom, name: str, kind: Kind, rules: list[Rule], zones: fortios_system.Zones
    ) -> None:
        """Old versions have a table of each family: each decides about its own, and leaves the other alone."""
        split = "firewall policy6" in vdom.config.blocks
        families = kind.families if len(kind.families) == 1 or not split else (4,)
        first = [Rule(0, _OPEN, ACCEPT, _SESSIONS), *_concerned(vdom)]
        if len(families) == 1:
            other = asks.FAMILY[10 - families[0]]
            first.append(Rule(0, other, ACCEPT, f"IPv{10 - families[0]} is none of this table's"))
        inner = [self._within(zone) for zone in zones.inner]
        redirected = self._redirected(vdom)
        everything = [
            *first,
            *vdom.first,
            *redirected,
            *(before for before, _end in inner),
            *rules,
            *(end for _before, end in inner),
        ]
        positioned = fortios_policy.numbered(everything)
        self._device.hook(f"{vdom.prefix}{name}", "forward", 0, positioned, "deny")

    @staticmethod
    def _within(zone: str) -> tuple[Rule, Rule]:
        """Between interfaces of one zone with ``intrazone allow``: without a policy they pass; whether a policy that
        denies them counts is not documented."""
        inside = both(Named("in_zone", (zone,)), Named("out_zone", (zone,)))
        why = f"whether policies are asked between interfaces of zone {zone} is not known (intrazone allow)"
        text = f"config system zone; edit {zone}; set intrazone allow"
        doubt = Rule(0, both(inside, Unknown(why, why)), ACCEPT, text, not_understood=(why,))
        return doubt, Rule(0, inside, ACCEPT, text)

    def _redirected(self, vdom: _Vdom) -> Iterable[Rule]:
        """Packets that leave by the interface they came in by, where a whole configuration was given."""
        settings = self._global.blocks.get("system global", Block("", 0)).settings
        names = vdom.mine or tuple(self._device.state.interfaces)
        why = "packets that leave by the interface they came in by may pass without a policy (allow-traffic-redirect)"
        for key, family in (("allow-traffic-redirect", 4), ("ipv6-allow-traffic-redirect", 6)):
            said = settings.get(key, ["enable" if self._whole else "disable"])
            if said != ["disable"] and names:
                same = asks.either(
                    both(Named("in_interface", (name,)), Named("out_interface", (name,))) for name in names
                )
                asked = both(asks.FAMILY[family], same, Unknown(why, why))
                yield Rule(0, asked, ACCEPT, why, not_understood=(why,))

    def _nat(self, name: str, hook: str, priority: int, rules: list[Rule]) -> None:
        if rules:
            self._device.state.rulesets[name] = Ruleset(
                name, "fortinet", "inet", hook, priority, "permit", "nat", fortios_policy.numbered(rules)
            )


def _setting(config: Block, key: str) -> str:
    return " ".join(config.blocks.get("system settings", Block("", 0)).settings.get(key, []))


def _concerned(vdom: _Vdom) -> list[Rule]:
    """Packets of other virtual domains pass by; those that leave for one come by another way."""
    if not vdom.prefix:
        return []
    why = "between virtual domains a packet passes the policies of both, which is not modelled"
    return [
        Rule(0, Not(Named("in_interface", vdom.mine)), ACCEPT, f"not of {vdom.prefix}"),
        Rule(
            0, Named("out_interface", vdom.others), Verdict("unknown", detail=why), why, not_understood=(why,)
        ),
    ]
