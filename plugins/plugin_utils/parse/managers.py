# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who made which tables, chains, rules and sets of a Linux host (``managed_by`` in the state).

Told by the names and marks that programs give to what is theirs. What has none is taken for the
administrator's: a rule in DOCKER-USER, and a rule that somebody put by hand into a built-in chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ...module_utils.checkpoint.owners import OWNERS
from ..model.rules import Chain, Outcome, Rule, Ruleset, Verdict, VerdictMap
from ..model.state import State


class Mark(NamedTuple):
    """Patterns of one program, each for a whole text. ``comment``: of a rule. ``rule``: text of a rule in
    iptables-save; it counts only on a host on which the program has a table or chain too. ``takes``: a chain
    by which a table of iptables is known to be the program's altogether, built-in chains included.
    ``user``: chains that it makes for the administrator's rules. ``sets_policy``: it sets the default action
    of the built-in chains from which it jumps to a chain with this name."""

    table: str = ""
    chain: str = ""
    set: str = ""
    comment: str = ""
    rule: str = ""
    takes: str = ""
    user: str = ""
    sets_policy: str = ""


_BRIDGE = r"(?:docker0|docker_gwbridge|br-\S+)"
# The first that fits counts. Where the names come from stands behind each.
MARKS: dict[str, Mark] = {
    # ufw: src/ufw-init-functions
    "ufw": Mark(chain=r"ufw6?-.+", sets_policy=r"ufw6?-.+"),
    # firewalld: src/firewall/core/nftables.py (TABLE_NAME), ipXtables.py (chains of the iptables backend)
    "firewalld": Mark(
        table=r"firewalld(?:_policy_drop)?",
        takes=r"(?:INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(?:ZONES|direct|POLICIES_pre)|FORWARD_IN_ZONES",
    ),
    # OpenWrt firewall4: root/usr/share/firewall4/templates/ruleset.uc
    "fw4": Mark(table=r"fw4", comment=r"!fw4.*"),
    # shorewall: Perl/Shorewall/Chains.pm makes an empty chain of its name, to know that it runs
    "shorewall": Mark(takes=r"shorewall"),
    # kube-router: pkg/controllers/netpol and routing
    "kube-router": Mark(chain=r"KUBE-(?:ROUTER|POD-FW|NWPLCY)-.+", set=r"(?:inet6:)?KUBE-(?:SRC|DST)-.+"),
    # calico: felix/rules/rule_defs.go; each of its rules has a hash in a comment (felix/iptables/table.go)
    "calico": Mark(comment=r"cali:[\w-]{16}(?:\s.*)?"),
    # cilium: pkg/datapath/iptables/iptables.go
    "cilium": Mark(chain=r"(?:OLD_)?CILIUM_.+", comment=r"cilium: .*"),
    # moby: daemon/libnetwork/drivers/bridge; before version 28 with rules of its own in FORWARD
    "docker": Mark(
        table=r"docker-bridges",
        user=r"DOCKER-USER",
        rule=rf"-A FORWARD -j DOCKER-USER|-A DOCKER-USER -j RETURN"
        rf"|-A PREROUTING -d \S+ ! -i {_BRIDGE} -j DROP"
        r"|-A PREROUTING -d 127\.0\.0\.1/32 (?:! -i lo|-i loopback0) -p \w+ -m \w+ --dport \d+ -j (?:DROP|ACCEPT)"
        rf"|-A POSTROUTING -o {_BRIDGE} -m addrtype --src-type LOCAL -j (?:MASQUERADE|SNAT --to-source \S+)"
        rf"|-A POSTROUTING -s \S+ ! -o {_BRIDGE} -j (?:MASQUERADE|SNAT --to-source \S+)"
        r"|-A POSTROUTING -s (\S+)/(?:32|128) -d \1/(?:32|128) -p \w+ -m \w+ --dport \d+ -j MASQUERADE",
    ),
    # istio: tools/istio-iptables, cni/pkg/iptables
    "istio": Mark(chain=r"ISTIO_.+"),
    # Azure/azure-container-networking: npm/util/const.go
    "azure-npm": Mark(chain=r"AZURE-NPM(?:-.+)?", set=r"azure-npm-\d+"),
    # antrea: pkg/agent/route, pkg/util/iptables
    "antrea": Mark(chain=r"ANTREA-.+", set=r"ANTREA-.+", comment=r"Antrea: .*"),
    # weave: npc/constants.go, net/bridge.go
    "weave": Mark(chain=r"WEAVE(?:-.+)?", set=r"weave-.+"),
    # kubernetes-sigs/ip-masq-agent: cmd/ip-masq-agent
    "ip-masq-agent": Mark(chain=r"IP-MASQ-AGENT"),
    # tailscale: util/linuxfw/iptables_runner.go
    "tailscale": Mark(chain=r"ts-(?:input|forward|postrouting)"),
    # fail2ban before 0.10 named its chains like itself: config/action.d/iptables-common.conf
    "fail2ban": Mark(chain=r"fail2ban-.+"),
    # crowdsec: cs-firewall-bouncer, pkg/iptables and pkg/nftables
    "crowdsec": Mark(table=r"crowdsec6?", chain=r"CROWDSEC_(?:CHAIN|LOG)", set=r"crowdsec6?-blacklists?.*"),
    # lxd and incus: internal/server/firewall/drivers
    "lxd": Mark(table=r"lxd", comment=r"generated for LXD network.*"),
    "incus": Mark(table=r"incus", comment=r"generated for Incus network.*"),
    # NetworkManager: src/core/nm-firewall-utils.c
    "networkmanager": Mark(table=r"nm-shared-.+", chain=r"nm-sh-(?:in|fw)-.+", comment=r"nm-shared-.+"),
    # systemd: src/shared/firewall-util-nft.c
    "systemd": Mark(table=r"io\.systemd\.nat"),
    # wireguard-tools: src/wg-quick/linux.bash
    "wg-quick": Mark(table=r"wg-quick-.+", comment=r"wg-quick\(8\) rule for .+"),
    # pve-firewall: src/PVE/Firewall.pm; proxmox-firewall: proxmox-firewall/src/config.rs
    "proxmox": Mark(table=r"proxmox-firewall(?:-guests)?", chain=r"PVEFW-.+", set=r"PVEFW-.+"),
    # vyos-1x: data/templates/firewall
    "vyos": Mark(table=r"vyos_.+"),
    # OpenVPN Access Server names all its chains AS0_...
    "openvpn-as": Mark(chain=r"AS0_.+"),
    "kube-proxy": Mark(),
    "cni": Mark(comment=r"flanneld (?:masq|forward)|CNI portfwd .*|CNI DN-.*"),
    "libvirt": Mark(),
    "podman": Mark(),
}
_IPTABLES = ("iptables", "ip6tables", "iptables-legacy", "ip6tables-legacy")


def _patterns(field: str) -> list[tuple[str, re.Pattern[str]]]:
    """The patterns of one field by program, in the table's order; the checkpoint's dynamic owners included."""
    found = []
    for name, mark in MARKS.items():
        owner = OWNERS.get(name)
        known = getattr(owner, field, None) if owner is not None else None
        texts = [text for text in (getattr(mark, field), known.pattern if known else "") if text]
        if texts:
            found.append((name, re.compile("|".join(f"(?:{text})" for text in texts))))
    return found


_TABLE, _CHAIN, _SET, _COMMENT, _TAKES, _USER, _POLICY = (
    _patterns(field) for field in ("table", "chain", "set", "comment", "takes", "user", "sets_policy")
)
# Not joined, as a shape may refer back to a group of its own.
_SHAPES = [
    *((name, re.compile(mark.rule)) for name, mark in MARKS.items() if mark.rule),
    *((name, owner.rule) for name, owner in OWNERS.items() if owner.rule is not None),
]
_WORDS = re.compile(r'--comment (?:"((?:\\.|[^"\\])*)"|(\S+))')


def _who(patterns: list[tuple[str, re.Pattern[str]]], text: str) -> str:
    return next((name for name, pattern in patterns if pattern.fullmatch(text)), "")


def of_table(name: str) -> str:
    """Whose a table of nft is by its name; empty for the administrator's."""
    return _who(_TABLE, name)


def of_set(name: str) -> str:
    """Whose an ipset is by its name; empty for the administrator's."""
    return _who(_SET, name)


def mark(state: State) -> None:
    """Fill ``managed_by`` of all rulesets, chains, rules and sets."""
    _Marker(state).mark()


class _Marker:
    def __init__(self, state: State) -> None:
        self.state = state
        self._chains = {key: self._of_chain(key) for key in {*state.rulesets, *state.chains}}
        self._takers = self._whole_tables()
        present = {*self._chains.values(), *(_who(_USER, _name(key)) for key in state.chains)}
        self._shapes = [(name, shape) for name, shape in _SHAPES if name in present]

    def _of_chain(self, key: str) -> str:
        """Whose all of a chain is, by its table's or its own name."""
        backend, table = key.split("/")[0], _table(key)
        return (_who(_TABLE, table) if backend not in _IPTABLES else "") or _who(_CHAIN, _name(key))

    def _whole_tables(self) -> dict[str, str]:
        """Place (``iptables/filter``) -> who has the table to itself. Shorewall has all tables of a backend:
        its mark is in the table ``filter`` alone, and it clears and fills the others as well."""
        found: dict[str, str] = {}
        for key in self.state.chains:
            backend = key.split("/")[0]
            taker = _who(_TAKES, _name(key)) if backend in (*_IPTABLES, "ip", "ip6") else ""
            if taker:
                found[_place(key)] = taker
                if taker == "shorewall" and backend in _IPTABLES:
                    found[backend] = taker
        return found

    def _taker(self, key: str) -> str:
        return self._takers.get(_place(key)) or self._takers.get(key.split("/")[0], "")

    def mark(self) -> None:
        for key, chain in self.state.chains.items():
            chain.managed_by = self._chains[key] or _who(_USER, _name(key)) or self._taker(key)
            self._rules(key, chain)
        for key, ruleset in self.state.rulesets.items():
            self._rules(key, ruleset)
            ruleset.managed_by = self._chains[key] or self._taker(key) or self._policy(ruleset)
        for key, named in self.state.sets.items():
            parts = key.split("/")
            named.managed_by = (_who(_TABLE, parts[1]) if len(parts) == 3 else "") or _who(_SET, parts[-1])

    def _rules(self, key: str, chain: Chain | Ruleset) -> None:
        whole = self._chains[key]
        # What is left over in a table of shorewall's is shorewall's, but not in another's chain for users.
        rest = "" if _who(_USER, _name(key)) else self._taker(key)
        for index, rule in enumerate(chain.rules):
            owner = whole or self._of_rule(rule) or rest
            if owner:
                chain.rules[index] = replace(rule, managed_by=owner)

    def _of_rule(self, rule: Rule) -> str:
        for comment in _comments(rule):
            owner = _who(_COMMENT, comment)
            if owner:
                return owner
        for target in _targets(rule.verdict):
            owner = self._chains.get(target, "")
            if owner:
                return owner
        return next((name for name, shape in self._shapes if shape.fullmatch(rule.text)), "")

    def _policy(self, ruleset: Ruleset) -> str:
        for rule in ruleset.rules:
            for target in _targets(rule.verdict):
                owner = _who(_POLICY, _name(target))
                if owner:
                    return owner
        return ""


def _comments(rule: Rule) -> list[str]:
    """A rule of iptables may have several."""
    if not rule.comment:
        return []
    found = [quoted or plain for quoted, plain in _WORDS.findall(rule.text)] if rule.text[:3] == "-A " else []
    return found or [rule.comment]


def _targets(verdict: Outcome) -> Iterator[str]:
    """The chains to which a rule sends flows."""
    if isinstance(verdict, Verdict):
        if verdict.chain:
            yield verdict.chain
    elif isinstance(verdict, VerdictMap):
        yield from (outcome.chain for _match, outcome in verdict.cases if outcome.chain)


def _name(key: str) -> str:
    return key.split("/", 2)[-1]


def _table(key: str) -> str:
    parts = key.split("/", 2)
    return parts[1] if len(parts) == 3 else ""


def _place(key: str) -> str:
    return key.rpartition("/")[0]
