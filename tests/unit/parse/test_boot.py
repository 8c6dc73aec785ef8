# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs beside what would be loaded at boot: same, differs or unknown, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from tests.support.nft_json import base_chain, ruleset

NFT = """table inet filter { # handle 1
\tchain forward { # handle 1
\t\ttype filter hook forward priority filter; policy drop;
\t\tip saddr 10.0.1.0/24 counter packets 7 bytes 420 accept # handle 2
\t}
}
"""
NFT_JSON = ruleset(base_chain())
# As the scratch namespace lists it: no handles, counters at zero.
SAVED_NFT = """# pathguard file=/etc/nftables.conf
table inet filter {
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tip saddr 10.0.1.0/24 counter packets 0 bytes 0 accept
\t}
}
"""
RULES = "-A FORWARD -s 10.0.1.0/24 -p tcp -m tcp --dport 5432 -j ACCEPT\n"
UNITS = "unit nftables enabled /usr/sbin/nft -f /etc/nftables.conf \nunit netfilter-persistent enabled\n"
UFW = """:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
"""
UFW_HEAD = "# pathguard file=/etc/ufw/user.rules backend=iptables enabled=yes ipv6=yes hooks=no\n"


def save(rules: str, policy: str = "ACCEPT", counters: str = "") -> str:
    rules = "".join(
        f"{counters}{line}\n" if line.startswith("-A") else f"{line}\n" for line in rules.splitlines()
    )
    return f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n{rules}COMMIT\n"


def rules_v4(rules: str, policy: str = "ACCEPT") -> str:
    return f"# pathguard file=/etc/iptables/rules.v4 backend=iptables\n{save(rules, policy)}"


NOTHING = dict.fromkeys(
    ("boot_nft", "boot_iptables", "boot_ip6tables", "boot_ufw", "boot_ufw6", "boot_firewalld", "saved_ipset"),
    RawOutput("", "", 0, "", "", "not there"),
)
EMPTY = {
    "nft_json": RawOutput("", "", 0, json.dumps({"nftables": [{"metainfo": {"json_schema_version": 1}}]})),
    **{name: RawOutput(name, name, 0, "") for name in ("nft_text", "iptables_nft", "ip6tables_nft", "ipset")},
    **dict.fromkeys(
        ("iptables_legacy", "ip6tables_legacy"), RawOutput("", "", 0, "", "", "no legacy tables")
    ),
}


def boot(**texts: str | RawOutput) -> dict[str, Any]:
    texts = {"boot_units": UNITS, **texts}
    given = {
        name: text if isinstance(text, RawOutput) else RawOutput(name, name, 0, text)
        for name, text in texts.items()
    }
    state = parse_platform("linux", "fw1", {**EMPTY, **NOTHING, **given})
    document = state.to_dict()
    assert problems(document, load_schema("state")) == []
    assert State.from_dict(json.loads(json.dumps(document))).boot == state.boot
    found: dict[str, Any] = document["boot"]
    return found


def nft(saved: str | RawOutput = SAVED_NFT, runs: str = NFT, **more: str | RawOutput) -> dict[str, Any]:
    return boot(nft_json=json.dumps(NFT_JSON), nft_text=runs, boot_nft=saved, **more)


def test_what_runs_is_what_is_saved() -> None:
    assert nft() == {
        "matches": "same",
        "reason": "",
        "sources": [
            {"manager": "nftables", "file": "/etc/nftables.conf", "enabled": "enabled", "matches": "same"}
        ],
    }


def test_a_host_without_any_rules_and_files_is_the_same() -> None:
    assert boot() == {"matches": "same", "reason": "", "sources": []}


@pytest.mark.parametrize(
    ("saved", "runs", "told"),
    [
        (
            SAVED_NFT.replace("10.0.1.0/24", "10.0.1.0/26"),
            NFT,
            "inet/filter: saved ip saddr 10.0.1.0/26 counter accept; runs ip saddr 10.0.1.0/24 counter accept",
        ),
        (SAVED_NFT.replace("policy drop", "policy accept"), NFT, "policy accept"),
        (
            SAVED_NFT,
            NFT.replace("accept #", 'accept comment "not # handle 7" #'),
            'runs ip saddr 10.0.1.0/24 counter accept comment "not # handle 7"',
        ),
        ("# pathguard file=/etc/nftables.conf\n", NFT, "inet/filter runs, and is not saved"),
        (
            SAVED_NFT + SAVED_NFT.replace("filter {", "second {"),
            NFT,
            "inet/second is saved, and does not run",
        ),
    ],
)
def test_nft_differs(saved: str, runs: str, told: str) -> None:
    found = nft(saved, runs)
    assert found["matches"] == "differs"
    assert told in found["reason"]
    assert found["reason"].startswith("/etc/nftables.conf: ")


def test_tables_of_programs_are_left_out_on_both_sides() -> None:
    docker = NFT.replace("inet filter", "ip docker-bridges")
    assert nft(runs=NFT + docker)["matches"] == "same"
    assert nft(SAVED_NFT + docker.replace(" # handle 1", ""))["matches"] == "same"


def test_a_file_that_nft_refuses_leaves_it_unknown() -> None:
    refused = RawOutput(
        "boot_nft", "", 1, "# pathguard file=/etc/nftables.conf\n", "syntax error, unexpected }"
    )
    found = nft(refused)
    assert (found["matches"], found["sources"][0]["file"]) == ("unknown", "/etc/nftables.conf")
    assert "syntax error" in found["reason"]


@pytest.mark.parametrize(
    ("units", "matches", "why"),
    [
        ("unit nftables disabled\n", "differs", "not loaded at boot: nftables is disabled"),
        ("unit nftables absent\n", "differs", "not loaded at boot: nftables is not installed"),
        ("unit nftables enabled /usr/bin/my-firewall start\n", "unknown", "is not known"),
        ("", "unknown", "whether /etc/nftables.conf is loaded at boot is not known"),
    ],
)
def test_what_is_saved_counts_only_if_it_is_loaded(units: str, matches: str, why: str) -> None:
    found = nft(boot_units=RawOutput("boot_units", "", 0 if units else 127, units))
    assert (found["matches"], found["sources"][0]["matches"]) == (matches, "same")
    assert why in found["reason"]


def test_what_runs_and_differs_differs_also_where_no_service_manager_answers() -> None:
    nobody = RawOutput("boot_units", "", 127, "", "no service manager")
    found = nft(SAVED_NFT.replace("/24", "/26"), boot_units=nobody)
    assert (found["matches"], found["sources"][0]["enabled"]) == ("differs", "unknown")
    # Nothing runs: right or wrong, as the file is loaded or not.
    assert boot(boot_nft=SAVED_NFT, boot_units=nobody)["matches"] == "unknown"


def test_a_disabled_file_that_nothing_of_runs_is_no_difference() -> None:
    assert boot(boot_nft=SAVED_NFT, boot_units="unit nftables disabled\n")["matches"] == "same"


def test_rules_that_no_known_file_holds_are_unknown() -> None:
    found = nft(NOTHING["boot_nft"])
    assert (found["matches"], found["sources"][0]["file"]) == ("unknown", "")
    assert "holds inet/filter" in found["reason"]


def test_iptables_without_counters() -> None:
    found = boot(iptables_nft=save(RULES, counters="[9:540] "), boot_iptables=rules_v4(RULES))
    assert (found["matches"], found["sources"][0]["manager"]) == ("same", "netfilter-persistent")


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        (rules_v4(RULES.replace("/24", "/26")), "filter/FORWARD: saved -A FORWARD -s 10.0.1.0/26"),
        (rules_v4(RULES, "DROP"), "filter/FORWARD: saved policy DROP"),
        (rules_v4(RULES + "-A INPUT -j DROP\n"), "filter/INPUT is saved, and does not run"),
        (rules_v4(""), "filter/FORWARD runs, and is not saved"),
        (rules_v4(RULES + RULES), "saved -A FORWARD"),
    ],
)
def test_iptables_differs(saved: str, told: str) -> None:
    found = boot(iptables_nft=save(RULES), boot_iptables=saved)
    assert (found["matches"], found["sources"][0]["matches"]) == ("differs", "differs")
    assert told in found["reason"]


def test_the_order_of_rules_counts() -> None:
    other = "-A FORWARD -s 10.0.1.128/25 -j DROP\n"
    found = boot(iptables_nft=save(RULES + other), boot_iptables=rules_v4(other + RULES))
    assert found["reason"] == "/etc/iptables/rules.v4: filter/FORWARD: the same lines, in another order"


def test_rules_of_docker_are_no_difference_and_those_in_docker_user_are() -> None:
    docker = (
        ":DOCKER-USER - [0:0]\n:DOCKER - [0:0]\n-A FORWARD -j DOCKER-USER\n-A DOCKER -i docker0 -j RETURN\n"
    )
    ours = "-A DOCKER-USER -s 192.0.2.0/24 -j DROP\n"
    assert boot(iptables_nft=save(docker + RULES), boot_iptables=rules_v4(RULES))["matches"] == "same"
    found = boot(iptables_nft=save(docker + RULES + ours), boot_iptables=rules_v4(RULES))
    assert "filter/DOCKER-USER runs, and is not saved" in found["reason"]


def test_rules_of_the_other_backend_are_not_saved() -> None:
    found = boot(iptables_legacy=save(RULES), iptables_nft=save(RULES), boot_iptables=rules_v4(RULES))
    assert "iptables-legacy/filter/FORWARD runs, and is not saved" in found["reason"]


def test_a_saved_file_that_could_not_be_tried_is_compared_as_it_is() -> None:
    head = "# pathguard file=/etc/iptables/rules.v4 backend=iptables\n"
    failed = RawOutput("boot_iptables", "", 126, head, "unshare: Operation not permitted")
    more = {"iptables_nft": save(RULES), "boot_iptables": failed}
    assert boot(saved_iptables=save(RULES), **more)["matches"] == "same"
    found = boot(saved_iptables=save(RULES.replace("-p tcp -m tcp", "-p tcp")), **more)
    assert (found["matches"], "Operation not permitted" in found["reason"]) == ("unknown", True)


def ufw(rules: str = UFW, saved: str = UFW, head: str = UFW_HEAD, units: str = "unit ufw enabled\n") -> Any:
    return boot(iptables_nft=save(rules), boot_ufw=head + save(saved), boot_units=units)


def test_ufw() -> None:
    assert ufw() == {
        "matches": "same",
        "reason": "",
        "sources": [
            {"manager": "ufw", "file": "/etc/ufw/user.rules", "enabled": "enabled", "matches": "same"}
        ],
    }
    by_hand = UFW + "-A ufw-user-input -s 192.0.2.7/32 -j DROP\n"
    assert "runs -A ufw-user-input -s 192.0.2.7/32 -j DROP" in ufw(by_hand)["reason"]
    without_jump = UFW.replace("-A INPUT -j ufw-before-input\n", "")
    assert "filter/INPUT is saved, and does not run" in ufw(without_jump)["reason"]


@pytest.mark.parametrize(
    ("head", "units", "matches"),
    [
        (UFW_HEAD.replace("enabled=yes", "enabled=no"), "unit ufw enabled\n", "differs"),
        (UFW_HEAD, "unit ufw disabled\n", "differs"),
        (UFW_HEAD.replace("hooks=no", "hooks=yes"), "unit ufw enabled\n", "unknown"),
    ],
)
def test_ufw_that_is_not_what_boot_brings(head: str, units: str, matches: str) -> None:
    assert ufw(head=head, units=units)["matches"] == matches


def test_a_rule_of_ufws_files_in_a_built_in_chain_is_nobody_elses() -> None:
    nat = "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE\nCOMMIT\n"
    runs = {"iptables_nft": save(UFW) + nat, "boot_units": "unit ufw enabled\n"}
    assert boot(boot_ufw=UFW_HEAD + save(UFW) + nat, **runs)["matches"] == "same"
    found = boot(iptables_nft=save(UFW), boot_ufw=UFW_HEAD + save(UFW) + nat, boot_units="unit ufw enabled\n")
    assert found["reason"] == "/etc/ufw/user.rules: nat/POSTROUTING is saved, and does not run"


def test_a_rule_of_ufws_files_is_ufws_and_a_second_one_is_not() -> None:
    nat = "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE\nCOMMIT\n"
    twice = nat.replace("COMMIT", "-A POSTROUTING -s 10.8.0.0/24 -j MASQUERADE\nCOMMIT")
    texts = {**EMPTY, **NOTHING}
    texts["iptables_nft"] = RawOutput("", "", 0, save(UFW) + twice)
    texts["boot_ufw"] = RawOutput("", "", 0, UFW_HEAD + save(UFW) + nat)
    state = parse_platform("linux", "fw1", texts)
    rules = state.rulesets["iptables/nat/POSTROUTING"].rules
    assert [rule.managed_by for rule in rules] == ["ufw", ""]
    found = boot(
        iptables_nft=save(UFW) + twice,
        boot_ufw=UFW_HEAD + save(UFW) + nat,
        boot_units="unit ufw enabled\n",
    )
    assert found["matches"] == "differs"
    assert "holds nat/POSTROUTING" in found["reason"]


@pytest.mark.parametrize(
    ("units", "matches"),
    [("unit ufw enabled\n", "differs"), ("unit ufw disabled\n", "differs"), ("", "unknown")],
)
def test_a_rule_by_hand_beside_ufws(units: str, matches: str) -> None:
    """Where ufw keeps the host's rules nothing else brings it back; where nobody is known to, a script may."""
    by_hand = UFW + "-A INPUT -s 192.0.2.7/32 -j ACCEPT\n"
    found = ufw(by_hand, units=units)
    assert found["matches"] == matches
    if units == "unit ufw enabled\n":
        assert found["reason"] == "no file is known that is loaded at boot and holds filter/INPUT"


def test_ufw_that_was_disabled_has_left_chains_without_rules() -> None:
    off = UFW_HEAD.replace("enabled=yes", "enabled=no")
    idle = ":ufw-before-input - [0:0]\n:ufw-user-input - [0:0]\n-A INPUT -j ufw-before-input\n"
    assert ufw(f"{idle}-A ufw-before-input -j ufw-user-input\n", "", off)["matches"] == "same"
    found = ufw(head=off, saved="")
    assert found["reason"] == "/etc/ufw/user.rules is not loaded at boot: ufw is disabled"


def test_rules_that_no_file_holds_differ_where_rules_are_kept_elsewhere() -> None:
    found = boot(
        nft_json=json.dumps(NFT_JSON),
        nft_text=NFT,
        boot_nft=SAVED_NFT,
        iptables_nft=save(RULES),
        boot_units=UNITS,
    )
    assert (found["matches"], "filter/FORWARD" in found["reason"]) == ("differs", True)
    not_tried = RawOutput("", "", 126, "# pathguard file=/etc/nftables.conf\n", "unshare failed")
    found = boot(iptables_nft=save(RULES), boot_nft=not_tried, boot_units=UNITS)
    assert found["matches"] == "unknown"


def test_a_manager_that_runs_and_is_disabled_brings_nothing_back() -> None:
    shorewall = ":shorewall - [0:0]\n-A INPUT -j DROP\n"
    found = boot(iptables_nft=save(shorewall), boot_units="unit shorewall disabled\n")
    assert (found["matches"], found["reason"]) == (
        "differs",
        "shorewall loads nothing at boot: shorewall is disabled",
    )


ZONES = """public (active)
  target: default
  interfaces: {interfaces}
  services: {services}
  rich rules:
\trule family="ipv4" source address="192.0.2.0/24" accept

internal
  target: default
  interfaces: {internal}
  services: ssh
"""


def firewalld(
    runtime: dict[str, str], permanent: dict[str, str], units: str = "unit firewalld enabled\n"
) -> Any:
    default = {"interfaces": "", "services": "ssh", "internal": ""}
    text = "# pathguard running=yes default=public\n" + "".join(
        f"= {scope} zones\n{ZONES.format(**{**default, **values})}= {scope} policies\n= {scope} direct-rules\n"
        for scope, values in (("runtime", runtime), ("permanent", permanent))
    )
    return boot(boot_firewalld=text, boot_units=units)


def test_firewalld() -> None:
    assert firewalld({}, {})["matches"] == "same"
    assert firewalld({"services": "http ssh"}, {"services": "ssh http"})["matches"] == "same"
    found = firewalld({"services": "ssh http"}, {})
    assert (found["matches"], found["reason"]) == (
        "differs",
        "/etc/firewalld: zones/public: runs services: http",
    )
    assert firewalld({}, {}, "unit firewalld disabled\n")["matches"] == "differs"


def test_firewalld_and_its_interfaces() -> None:
    """firewalld puts what has no zone into the default one; NetworkManager has its own files."""
    assert firewalld({"interfaces": "eth0"}, {})["matches"] == "same"
    assert firewalld({"internal": "eth1"}, {})["matches"] == "unknown"
    found = firewalld({"interfaces": "eth1"}, {"internal": "eth1"})
    assert found["reason"] == "/etc/firewalld: interface eth1: saved in zone internal; is in public"


def test_the_default_zone_of_firewalld() -> None:
    head = "# pathguard running=yes default=public saved_default=drop\n= runtime zones\n= permanent zones\n"
    found = boot(boot_firewalld=head, boot_units="unit firewalld enabled\n")
    assert found["reason"] == "/etc/firewalld: the default zone: saved drop; is public"


FIREWALLD_TABLE = {"family": "inet", "table": "firewalld"}


def firewalld_rules(*more: dict[str, Any]) -> str:
    place = {**FIREWALLD_TABLE, "handle": 2}
    hooked = {"name": "filter_INPUT", "type": "filter", "hook": "input", "prio": 10, "policy": "accept"}
    return json.dumps(
        ruleset(
            {"table": {"family": "inet", "name": "firewalld", "handle": 1}},
            {"chain": {**place, **hooked}},
            {"chain": {**place, "name": "filter_IN_public"}},
            {"rule": {**FIREWALLD_TABLE, "handle": 7, "chain": "filter_INPUT", "expr": [{"accept": None}]}},
            {
                "rule": {
                    **FIREWALLD_TABLE,
                    "handle": 9,
                    "chain": "filter_IN_public",
                    "expr": [{"accept": None}],
                }
            },
            *more,
        )
    )


def firewalld_with(rules: str, **more: str) -> Any:
    text = f"# pathguard running=yes default=public\n= runtime zones\n{ZONES}= permanent zones\n{ZONES}"
    return boot(boot_firewalld=text, boot_units="unit firewalld enabled\n", nft_json=rules, **more)


def test_a_rule_by_hand_in_a_base_chain_of_firewalld() -> None:
    """What firewalld itself writes there it writes first, as the handles of Debian 12's and 13's show."""
    assert firewalld_with(firewalld_rules())["matches"] == "same"
    drop = {"rule": {**FIREWALLD_TABLE, "handle": 12, "chain": "filter_INPUT", "expr": [{"drop": None}]}}
    found = firewalld_with(firewalld_rules(drop))
    assert found["matches"] == "differs"
    assert found["reason"] == "/etc/firewalld: inet/firewalld/filter_INPUT runs drop, which was added by hand"


def test_the_panic_mode_of_firewalld_ends_with_a_reboot() -> None:
    panic = {"family": "inet", "table": "firewalld_policy_drop", "handle": 1}
    chain = {"name": "raw_output", "type": "filter", "hook": "output", "prio": -350, "policy": "drop"}
    more = (
        {"table": {"family": "inet", "name": "firewalld_policy_drop", "handle": 1}},
        {"chain": {**panic, **chain}},
    )
    found = firewalld_with(firewalld_rules(*more))
    assert (found["matches"], "panic mode" in found["reason"]) == ("differs", True)


DIRECT = """= runtime direct-rules
ipv4 filter INPUT 0 -s 192.0.2.9 -p tcp --dport 22 -j DROP
ipv6 filter INPUT 0 -s 2001:db8::9 -j DROP
= runtime direct-passthroughs
ipv4 -t nat -I POSTROUTING 1 -s 10.8.0.0/24 -m comment --comment 'it is "ours"' -j MASQUERADE
ipv4 -N unheard-of
= runtime ipset-shop
192.0.2.1
"""


def test_direct_rules_and_ipsets_are_firewallds() -> None:
    drop, by_hand = (
        "-A INPUT -s 192.0.2.9/32 -p tcp -m tcp --dport 22 -j DROP",
        "-A INPUT -s 192.0.2.8/32 -j DROP",
    )
    masked = '-A POSTROUTING -s 10.8.0.0/24 -m comment --comment "it is \\"ours\\"" -j MASQUERADE'
    nat = f"*nat\n:POSTROUTING ACCEPT [0:0]\n{masked}\nCOMMIT\n"
    texts = {**EMPTY, **NOTHING}
    texts["iptables_nft"] = RawOutput("", "", 0, save(f"{by_hand}\n{drop}\n{drop}\n") + nat)
    texts["ipset"] = RawOutput("", "", 0, "create shop hash:ip\nadd shop 192.0.2.1\n")
    texts["boot_firewalld"] = RawOutput("", "", 0, f"# pathguard running=yes default=public\n{DIRECT}")
    state = parse_platform("linux", "fw1", texts)
    found = [(rule.text, rule.managed_by) for rule in state.rulesets["iptables/filter/INPUT"].rules]
    assert found == [(by_hand, ""), (drop, "firewalld"), (drop, "")]
    assert state.rulesets["iptables/nat/POSTROUTING"].rules[0].managed_by == "firewalld"
    assert state.sets["ipset/shop"].managed_by == "firewalld"
    # What firewalld puts there again needs no file of others.
    one = save(f"{drop}\n")
    text = f"# pathguard running=yes default=public\n= runtime zones\n{ZONES}{DIRECT}"
    text += f"= permanent zones\n{ZONES}{DIRECT.replace('runtime', 'permanent')}"
    kept = boot(iptables_nft=one, boot_firewalld=text, boot_units="unit firewalld enabled\n")
    assert kept["matches"] == "same"
    assert boot(iptables_nft=one, boot_firewalld=text.replace("192.0.2.9", "192.0.2.7"))["matches"] != "same"


def test_firewalld_that_should_run_and_does_not() -> None:
    found = boot(boot_firewalld="# pathguard running=no\n", boot_units="unit firewalld enabled\n")
    assert (found["matches"], found["reason"]) == ("differs", "/etc/firewalld: firewalld does not run")
    assert (
        boot(boot_firewalld="# pathguard running=no\n", boot_units="unit firewalld disabled\n")["sources"]
        == []
    )


def test_ipsets() -> None:
    sets = (
        "create shop hash:ip family inet hashsize 1024 maxelem 65536\nadd shop 10.0.0.1\nadd shop 10.0.0.2\n"
    )
    assert boot(ipset=sets, saved_ipset=sets)["matches"] == "same"
    found = boot(ipset=sets, saved_ipset=sets.replace("10.0.0.2", "10.0.0.3"))
    assert found["reason"] == "the file of saved ipsets: shop: saved 10.0.0.3; runs 10.0.0.2"
    assert boot(ipset=sets)["matches"] == "unknown"
    assert boot(ipset=sets.replace("shop", "KUBE-CLUSTER-IP"))["matches"] == "same"


def test_a_manager_whose_start_is_not_followed() -> None:
    shorewall = ":shorewall - [0:0]\n-A INPUT -j DROP\n"
    found = boot(iptables_nft=save(shorewall), boot_units="unit shorewall enabled\n")
    assert (found["matches"], found["sources"][0]["manager"]) == ("unknown", "shorewall")


def test_rules_that_could_not_be_read() -> None:
    found = boot(nft_json=RawOutput("nft_json", "", 1, "", "Operation not permitted"))
    assert (found["matches"], found["sources"]) == ("unknown", [])


def test_states_of_saved_output_do_not_know() -> None:
    outputs = {name: RawOutput(name, name, None, save(RULES)) for name in ("iptables_nft",)}
    assert parse_platform("linux", "fw1", outputs).boot["reason"] == "what is loaded at boot was not gathered"
