# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall policies of FortiOS, as rules.

Sources: Fortinet, "FortiOS CLI Reference", "config firewall policy" (action is deny by default, status enable;
srcaddr, dstaddr, service and the interfaces have no default), "config firewall policy6", "config firewall
local-in-policy", "config firewall acl"; "FortiOS Administration Guide", "Firewall policy" (policies are asked in
their order, what none matches is denied), "Virtual IPs" and "match-vip".

Profiles of what connections carry (antivirus, application control, …) come after a connection was let through, and
don't bear on whether it opens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ...model.match import Match, Named, Not, Unknown, both, unknown_reasons
from ...model.rules import ACCEPT, DROP, REJECT, Rule, Verdict
from . import asks
from .fortios_addresses import Addresses
from .fortios_services import Services
from .fortios_tree import Block
from .fortios_vips import TRANSLATED, Vip, Vips
from .numbers import is_number
from .words import NotUnderstoodError

# What a policy does with packets besides letting them through or not, or with what they carry.
_NO_MATTER = frozenset(
    (
        "anti-replay", "application-list", "auth-cert", "auth-path", "auth-redirect-addr", "auto-asic-offload",
        "av-profile", "block-notification", "capture-packet", "casi-profile", "cgn-log-server-grp", "cifs-profile",
        "comments", "comment", "custom-log-fields", "decrypted-traffic-mirror", "delay-tcp-npu-session",
        "diameter-filter-profile",
        "diffserv-copy", "diffserv-forward", "diffserv-reverse", "diffservcode-forward", "diffservcode-rev",
        "dlp-profile", "dlp-sensor", "dnsfilter-profile", "dsri", "dynamic-shaping", "email-collect",
        "emailfilter-profile", "fec", "file-filter-profile", "firewall-session-dirty", "fixedport",
        "global-label", "gtp-profile", "http-policy-redirect", "icap-profile", "id", "inspection-mode", "ippool",
        "ips-sensor", "ips-voip-filter", "label", "log-unmatched-traffic", "logtraffic", "logtraffic-app",
        "logtraffic-start", "mms-profile", "name", "nat", "natip", "np-acceleration", "np-accelation", "outbound",
        "natinbound", "natoutbound", "inbound", "passive-wan-health-measurement", "pcp-inbound", "pcp-outbound",
        "pcp-poolname", "per-ip-shaper", "permit-any-host", "permit-stun-host", "policy-offload", "policyid",
        "poolname", "poolname6", "port-preserve", "port-random", "profile-group", "profile-protocol-options",
        "profile-type", "replacemsg-override-group", "replacemsg-group", "sctp-filter-profile", "session-ttl",
        "spamfilter-profile", "ssh-filter-profile", "ssh-policy-redirect", "ssl-mirror", "ssl-mirror-intf",
        "ssl-ssh-profile", "tcp-mss-receiver", "tcp-mss-sender", "tcp-session-without-syn", "tcp-timeout-pid",
        "timeout-send-rst", "traffic-shaper", "traffic-shaper-reverse", "udp-timeout-pid", "utm-status", "uuid",
        "videofilter-profile", "virtual-patch-profile", "vlan-cos-fwd", "vlan-cos-rev", "voip-profile",
        "waf-profile", "wanopt", "wanopt-detection", "wanopt-passive-opt", "wanopt-peer", "wanopt-profile",
        "webcache", "webcache-https", "webfilter-profile", "webproxy-forward-server", "webproxy-profile", "wccp",
        "wsso", "ntlm", "ntlm-guest", "ntlm-enabled-browsers", "captive-portal-exempt", "fsso-agent-for-ntlm",
        "schedule-timeout", "rsso", "fsso", "uuid-idx", "max-session-per-user", "vpntunnel", "ha-mgmt-intf-only",
        "fragment", "virtual-patch", "sip-nat-trace", "casb-profile", "telemetry-profile", "eif-check", "eif-learn",
        "log-http-transaction", "isolator-profile", "nat-port-preserve", "ssl-mirror-profile", "wanopt-cache",
    )
)  # fmt: skip
# Keys that are read here.
_READ = frozenset(
    (
        "action", "dstaddr", "dstaddr-negate", "dstaddr6", "dstaddr6-negate", "dstintf", "intf", "interface",
        "match-vip", "match-vip-only", "schedule", "send-deny-packet", "service", "service-negate", "srcaddr",
        "srcaddr-negate", "srcaddr6", "srcaddr6-negate", "srcintf", "status",
    )
)  # fmt: skip
# Other keys: values that mean nothing. With another one the policy may match a part of its flows only.
_HARMLESS: dict[str, tuple[str, ...]] = {
    "captive-portal": ("disable",),
    "destination-hostname-visibility": ("disable", "enable"),
    "devices": (),
    "disclaimer": ("disable",),
    "geoip-anycast": ("disable",),
    "geoip-match": ("physical-location",),
    "identity-based": ("disable",),
    "identity-based-route": (),
    "internet-service": ("disable",),
    "internet-service-negate": ("disable",),
    "internet-service-src": ("disable",),
    "internet-service-src-negate": ("disable",),
    "internet-service6": ("disable",),
    "internet-service6-negate": ("disable",),
    "internet-service6-src": ("disable",),
    "internet-service6-src-negate": ("disable",),
    "learning-mode": ("disable",),
    "match-gateway-ip": ("disable",),
    "nat46": ("disable",),
    "nat64": ("disable",),
    "policy-behaviour-type": ("standard",),
    "policy-expiry": ("disable",),
    "policy-expiry-date": ("0000-00-00 00:00:00",),
    "pfcp-profile": (),
    "radius-mac-auth-bypass": ("disable",),
    "reputation-direction": ("destination", "source"),
    "reputation-direction6": ("destination", "source"),
    "reputation-minimum": ("0",),
    "reputation-minimum6": ("0",),
    "rtp-nat": ("disable",),
    "sgt-check": ("disable",),
    "tos": ("0x00",),
    "tos-mask": ("0x00",),
    "tos-negate": ("disable",),
    "vlan-filter": ("",),
    "ztna-device-ownership": ("disable",),
    "ztna-policy-redirect": ("disable",),
    "ztna-status": ("disable",),
    "ztna-tags-match-logic": ("or", "and"),
}
# Where an internet service is asked for, its own addresses and ports stand instead of these.
_INSTEAD = {
    "internet-service": ("dstaddr", "service"),
    "internet-service6": ("dstaddr6", "service"),
    "internet-service-src": ("srcaddr",),
    "internet-service6-src": ("srcaddr6",),
}
_ENDS = {4: ("srcaddr", "dstaddr"), 6: ("srcaddr6", "dstaddr6")}
_FIELDS = ("src", "dst")


@dataclass
class Objects:
    """What policies name. ``interfaces``: the match of a list of interfaces and zones at a field. ``active``: whether
    policies see the flows of virtual IPs as these, which they don't with central NAT."""

    services: Services
    addresses: dict[int, Addresses]
    vips: dict[int, Vips]
    interfaces: Callable[[str, list[str]], Match]
    central: bool = False
    active: list[Vip] = field(default_factory=list)


@dataclass(frozen=True)
class Kind:
    """How a table's policies differ: the families of srcaddr and of srcaddr6; the settings of the interfaces, and
    what they are asked for; what they do with no ``action``."""

    families: tuple[int, ...] = (4, 6)
    interfaces: tuple[tuple[str, str], ...] = (("srcintf", "in_interface"), ("dstintf", "out_interface"))
    action: str = "deny"
    scheduled: bool = True


BOTH = Kind()
ONLY = {4: Kind((4,)), 6: Kind((6,))}


class Policies:
    def __init__(self, objects: Objects, kind: Kind = BOTH) -> None:
        self._objects = objects
        self._kind = kind

    def rules(self, blocks: Iterable[Block]) -> Iterator[Rule]:
        """A rule of each policy that is enabled, numbered from 1 in their order; the policy's number is its line."""
        for position, block in enumerate(blocks, start=1):
            if not disabled(block):
                yield self.rule(block, position)

    def rule(self, block: Block, position: int) -> Rule:
        asked = self.match(block)
        reasons = tuple(unknown_reasons(asked))
        line = int(block.name) if is_number(block.name) else block.line
        return Rule(position, asked, self._verdict(block), block.shown(), line=line, not_understood=reasons)

    def _verdict(self, block: Block) -> Verdict:
        action = " ".join(block.settings.get("action", [self._kind.action]))
        if action == "accept":
            return ACCEPT
        if action == "deny":
            return REJECT if block.settings.get("send-deny-packet") == ["enable"] else DROP
        return Verdict("unknown", detail=f"set action {action}")

    def match(self, block: Block) -> Match:
        """What the policy asks for. What is not understood narrows it in a way that is not known."""
        doubts = [*_unread(block), *self._settings(block)]
        asked: list[Match] = []
        for key, at in self._kind.interfaces:
            try:
                asked.append(self._objects.interfaces(at, _given(block, key)))
            except NotUnderstoodError as error:
                doubts.append(str(error))
        replaced = {
            key for name, keys in _INSTEAD.items() if block.settings.get(name) == ["enable"] for key in keys
        }
        try:
            asked.append(self._ends(block, replaced))
        except NotUnderstoodError as error:
            doubts.append(str(error))
        if "service" not in replaced:
            try:
                asked.append(self._service(block))
            except NotUnderstoodError as error:
                doubts.append(str(error))
        unknown = [Unknown(f"policy {block.name}: {why}", why) for why in dict.fromkeys(doubts)]
        return both(*asked, *unknown)

    def _settings(self, block: Block) -> Iterator[str]:
        for key, words in block.settings.items():
            if key in _READ:
                if key.endswith(("-negate", "status")) and words not in (["enable"], ["disable"]):
                    yield f"'set {key} {' '.join(words)}' is not understood"
                continue
            if key in _NO_MATTER or words == [""]:  # as ``show full-configuration`` prints what is not set
                continue
            said = " ".join(words)
            if said not in _HARMLESS.get(key, ()):
                yield f"'set {key} {said}' is not modelled"
        schedule = block.settings.get("schedule", ["always"])
        if schedule != ["always"] and self._kind.scheduled:
            yield f"schedule {' '.join(schedule)}: a flow does not tell its time"

    def _service(self, block: Block) -> Match:
        found = asks.either(self._objects.services.match(name) for name in _given(block, "service"))
        return Not(found) if _negated(block, "service-negate") else found

    def _ends(self, block: Block, replaced: set[str]) -> Match:
        """Sources and destinations, of the families for which the policy has both."""
        found = []
        for family in self._kind.families:
            keys = _ENDS[family] if len(self._kind.families) > 1 else _ENDS[4]
            if self._has(block, keys, replaced):
                of_family: list[Match] = [asks.FAMILY[family]]
                for key, at in zip(keys, _FIELDS):
                    if key not in replaced:
                        of_family.append(self._end(block, key, at, family))
                found.append(both(*of_family))
        if not found:
            raise NotUnderstoodError("it has no source, or no destination")
        return asks.either(found)

    @staticmethod
    def _has(block: Block, keys: tuple[str, str], replaced: set[str]) -> bool:
        return all(key in block.settings or key in replaced for key in keys)

    def _end(self, block: Block, key: str, at: str, family: int) -> Match:
        names = _given(block, key)
        found: list[Match] = []
        virtual: list[Vip] = []
        for name in names:
            if at == "dst" and self._objects.vips[family].knows(name):
                virtual.extend(self._objects.vips[family].of(name))
            else:
                found.append(self._objects.addresses[family].match(at, name))
        together = {vip.name for vip in virtual}
        vips = [vip.translated(together) for vip in virtual]
        plain = asks.either(found)
        if _negated(block, f"{key}-negate"):
            plain = both(Not(plain), Not(asks.either(vips))) if vips else Not(plain)
            vips = []
        elif (
            key.endswith("6")
            and _negated(block, f"{key[:-1]}-negate")
            and f"{key}-negate" not in block.settings
        ):
            why = f"set {key[:-1]}-negate enable: whether it holds for IPv6 differs between versions"
            return Unknown(f"policy {block.name}: {why}", why)
        if at == "src" or self._objects.central or not self._objects.active:
            return asks.either([plain, *vips]) if vips else plain
        if vips and not found:  # none but virtual IPs: of what others translate, it says nothing
            return asks.either(vips)
        return asks.either([self._not_translated(block, plain), *vips])

    def _not_translated(self, block: Block, plain: Match) -> Match:
        """A destination that is no virtual IP: whether it holds for flows that one translated is for policies that
        deny a matter of match-vip, whose default differs between versions."""
        if block.settings.get("match-vip-only") == ["enable"]:
            return both(plain, TRANSLATED, Unknown(f"policy {block.name}: match-vip-only", "match-vip-only"))
        denies = block.settings.get("action", ["deny"]) == ["deny"]
        said = block.settings.get("match-vip")
        if denies and said == ["enable"] and isinstance(plain, Named):
            return plain
        if denies and said == ["disable"]:
            return both(plain, Not(TRANSLATED))
        why = "whether the policy holds for flows that a virtual IP translated is not known (match-vip)"
        return asks.either(
            [both(plain, Not(TRANSLATED)), both(TRANSLATED, Unknown(f"policy {block.name}: {why}", why))]
        )


def _given(block: Block, key: str) -> list[str]:
    words = block.settings.get(key)
    if not words:
        raise NotUnderstoodError(f"{key} is missing")
    return words


def _negated(block: Block, key: str) -> bool:
    return block.settings.get(key) == ["enable"]


def _unread(block: Block) -> list[str]:
    return [
        *(f"{line!r} is not understood" for line in block.unread),
        *(f"config {key}" for key in block.blocks),
    ]


def disabled(block: Block) -> bool:
    """Whether it is certainly not asked."""
    return block.settings.get("status") == ["disable"]


def uses(blocks: Iterable[Block], vips: dict[int, Vips]) -> list[Vip]:
    """The virtual IPs that are a destination of some policy."""
    found: dict[tuple[int, str], Vip] = {}
    for block in blocks:
        if disabled(block):
            continue
        for key in ("dstaddr", "dstaddr6"):
            for name in block.settings.get(key, ()):
                for family, known in vips.items():
                    found.update({(family, vip.name): vip for vip in known.of(name)})
    return [vip for vip in found.values() if vip.enabled]


def numbered(rules: Iterable[Rule]) -> list[Rule]:
    """Again from 1, after rules of other origin were put between them."""
    return [replace(rule, position=position) for position, rule in enumerate(rules, start=1)]
