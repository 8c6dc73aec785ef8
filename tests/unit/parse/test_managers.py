# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who made which rules: told by the names and marks of the programs that write rulesets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.module_utils.checkpoint.owners import OWNERS
from ansible_collections.pathguard.network.plugins.plugin_utils.model.managers import MANAGERS, advice
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.parse.managers import MARKS

BUILT_IN = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
}


def state(**texts: str) -> State:
    texts = {"ip6tables_nft": "", **texts} if any("tables" in name for name in texts) else texts
    found = {name: RawOutput(name, name, 0, text) for name, text in texts.items()}
    return parse_platform("linux", "fw1", found)


def save(**tables: str) -> str:
    """iptables-save: table -> its rules; chains are declared as they come up."""
    lines = []
    for table, rules in tables.items():
        named = [line.split()[1] for line in rules.splitlines() if line.startswith(("-A ", "-N "))]
        own = [name for name in dict.fromkeys(named) if name not in BUILT_IN[table]]
        lines += [f"*{table}", *(f":{name} ACCEPT [0:0]" for name in BUILT_IN[table])]
        lines += [f":{name} - [0:0]" for name in own]
        lines += [line for line in rules.splitlines() if line.startswith("-A ")]
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def owners(fw: State) -> dict[str, str]:
    """Rule -> who made it."""
    chains = [*fw.rulesets.values(), *fw.chains.values()]
    return {rule.text: rule.managed_by for chain in chains for rule in chain.rules}


def nft(*objects: dict[str, Any]) -> str:
    return json.dumps({"nftables": [{"metainfo": {"json_schema_version": 1}}, *objects]})


def nft_table(name: str, *, comment: str = "", family: str = "inet") -> list[dict[str, Any]]:
    place = {"family": family, "table": name, "handle": 1}
    hooked = {"name": "input", "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}
    rule = {
        **place,
        "chain": "input",
        "expr": [{"accept": None}],
        **({"comment": comment} if comment else {}),
    }
    return [
        {"table": {"family": family, "name": name, "handle": 1}},
        {"chain": {**place, **hooked}},
        {"set": {**place, "name": "hosts", "type": "ipv4_addr", "elem": ["10.0.0.1"]}},
        {"rule": rule},
    ]


def test_ufw_owns_its_chains_the_jumps_to_them_and_the_default_actions() -> None:
    by_hand = "-A INPUT -s 192.0.2.7/32 -j DROP"
    fw = state(
        iptables_nft=save(
            filter=f"{by_hand}\n-A INPUT -j ufw-before-input\n-A ufw-before-input -i lo -j ACCEPT\n"
        )
    )
    assert owners(fw) == {
        by_hand: "",
        "-A INPUT -j ufw-before-input": "ufw",
        "-A ufw-before-input -i lo -j ACCEPT": "ufw",
    }
    assert fw.rulesets["iptables/filter/INPUT"].managed_by == "ufw"
    assert fw.rulesets["iptables/filter/FORWARD"].managed_by == ""
    assert fw.chains["iptables/filter/ufw-before-input"].managed_by == "ufw"


def test_a_rule_in_docker_user_is_the_administrators() -> None:
    ours = "-A DOCKER-USER -s 192.0.2.0/24 -j DROP"
    fw = state(
        iptables_nft=save(
            filter=f"-A FORWARD -j DOCKER-USER\n-A FORWARD -j DOCKER-FORWARD\n{ours}\n-A DOCKER-USER -j RETURN\n"
            "-A DOCKER-FORWARD -i docker0 -j ACCEPT\n"
        )
    )
    assert owners(fw).pop(ours) == ""
    assert {rule for rule, owner in owners(fw).items() if owner != "docker"} == {ours}
    assert fw.chains["iptables/filter/DOCKER-USER"].managed_by == "docker"


@pytest.mark.parametrize(
    "rule",
    [
        "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
        "-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
        "-A POSTROUTING -o br-0123456789ab -m addrtype --src-type LOCAL -j SNAT --to-source 192.0.2.9",
        "-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8080 -j DROP",
    ],
)
def test_a_rule_of_dockers_shape_is_dockers_where_there_is_docker(rule: str) -> None:
    assert owners(state(iptables_nft=save(nat=f"{rule}\n-A DOCKER -i docker0 -j RETURN\n")))[rule] == "docker"
    assert owners(state(iptables_nft=save(nat=f"{rule}\n")))[rule] == ""


def test_calico_marks_rules_in_built_in_chains_with_a_comment() -> None:
    marked = (
        '-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy '
        'explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT'
    )
    pretends = '-A FORWARD -m comment --comment "not cali:S93hcgKJrXEqnTfs" -j ACCEPT'
    found = owners(state(iptables_nft=save(filter=f"{marked}\n{pretends}\n")))
    assert (found[marked], found[pretends]) == ("calico", "")


def test_shorewall_has_all_tables_to_itself_but_what_dynamic_owners_put_in() -> None:
    fw = state(
        iptables_nft=save(
            filter="-N shorewall\n-A INPUT -i eth0 -j net-fw\n-A net-fw -j DROP\n-A INPUT -j f2b-sshd\n"
            "-A f2b-sshd -j RETURN\n",
            nat="-A POSTROUTING -o eth0 -j MASQUERADE\n",
        ),
        ip6tables_nft=save(filter="-A INPUT -j DROP\n"),
    )
    assert owners(fw) == {
        "-A INPUT -i eth0 -j net-fw": "shorewall",
        "-A net-fw -j DROP": "shorewall",
        "-A POSTROUTING -o eth0 -j MASQUERADE": "shorewall",
        "-A INPUT -j f2b-sshd": "fail2ban",
        "-A f2b-sshd -j RETURN": "fail2ban",
        "-A INPUT -j DROP": "",
    }
    assert fw.rulesets["iptables/filter/INPUT"].managed_by == "shorewall"


def test_firewalld_with_iptables_has_the_built_in_chains_too() -> None:
    fw = state(
        iptables_nft=save(
            filter="-A INPUT -i lo -j ACCEPT\n-A INPUT -j INPUT_ZONES\n-A INPUT_ZONES -j IN_public\n"
            "-A IN_public -p tcp -m tcp --dport 22 -j ACCEPT\n"
        )
    )
    assert set(owners(fw).values()) == {"firewalld"}


@pytest.mark.parametrize(
    ("table", "owner"),
    [
        ("firewalld", "firewalld"),
        ("firewalld_policy_drop", "firewalld"),
        ("fw4", "fw4"),
        ("kube-proxy", "kube-proxy"),
        ("docker-bridges", "docker"),
        ("f2b-table", "fail2ban"),
        ("libvirt_network", "libvirt"),
        ("netavark", "podman"),
        ("nm-shared-wlan0", "networkmanager"),
        ("io.systemd.nat", "systemd"),
        ("wg-quick-wg0", "wg-quick"),
        ("crowdsec6", "crowdsec"),
        ("filter", ""),
        ("my-firewalld", ""),
    ],
)
def test_a_whole_table_of_nft(table: str, owner: str) -> None:
    fw = state(nft_json=nft(*nft_table(table)))
    key = f"inet/{table}/input"
    assert (fw.rulesets[key].managed_by, fw.rulesets[key].rules[0].managed_by) == (owner, owner)
    assert fw.sets[f"inet/{table}/hosts"].managed_by == owner


def test_a_comment_marks_a_rule_of_nft() -> None:
    fw = state(nft_json=nft(*nft_table("filter", comment="!fw4: Accept traffic from loopback")))
    assert fw.rulesets["inet/filter/input"].rules[0].managed_by == "fw4"
    assert fw.rulesets["inet/filter/input"].managed_by == ""


@pytest.mark.parametrize(
    ("chain", "owner"),
    [
        ("KUBE-SVC-NPX46M4PTMTKRN6Y", "kube-proxy"),
        ("KUBE-POD-FW-NPX46M4PTMTKRN6Y", "kube-router"),
        ("CILIUM_FORWARD", "cilium"),
        ("ISTIO_OUTPUT", "istio"),
        ("AZURE-NPM", "azure-npm"),
        ("ts-forward", "tailscale"),
        ("LIBVIRT_FWI", "libvirt"),
        ("NETAVARK_FORWARD", "podman"),
        ("CNI-FORWARD", "cni"),
        ("IP-MASQ-AGENT", "ip-masq-agent"),
        ("PVEFW-FORWARD", "proxmox"),
        ("fail2ban-ssh", "fail2ban"),
        ("DOCKERED", ""),
        ("app-rules", ""),
    ],
)
def test_a_chain_and_the_jump_to_it(chain: str, owner: str) -> None:
    jump, rule = f"-A FORWARD -i eth0 -j {chain}", f"-A {chain} -j DROP"
    assert owners(state(iptables_legacy=save(filter=f"{jump}\n{rule}\n"))) == {jump: owner, rule: owner}


def test_sets() -> None:
    sets = "create KUBE-CLUSTER-IP hash:ip\ncreate shop hash:ip\ncreate azure-npm-12 hash:ip\n"
    fw = state(ipset=sets)
    assert {key: named.managed_by for key, named in fw.sets.items()} == {
        "ipset/KUBE-CLUSTER-IP": "kube-proxy",
        "ipset/shop": "",
        "ipset/azure-npm-12": "azure-npm",
    }


def test_the_state_keeps_it() -> None:
    fw = state(nft_json=nft(*nft_table("firewalld"), *nft_table("filter")))
    document = fw.to_dict()
    assert State.from_dict(json.loads(json.dumps(document))).to_dict() == document
    assert document["rulesets"]["inet/firewalld/input"]["rules"][0]["managed_by"] == "firewalld"
    assert "managed_by" not in document["rulesets"]["inet/filter/input"]


def test_every_program_has_its_way_to_change_a_rule() -> None:
    assert sorted(MANAGERS) == sorted(MARKS)
    assert set(OWNERS) <= set(MARKS)
    assert advice("firewalld") == (
        "owned by firewalld: change it with firewall-cmd --permanent, and a reload, "
        "or the change is lost at its next reload"
    )
    assert advice("") == ""
