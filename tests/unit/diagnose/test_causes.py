# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong, and what the diagnosis must say of it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import report, screen
from ansible_collections.pathguard.network.plugins.plugin_utils.guard.detail import where
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import ALWAYS, Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import ACCEPT, DROP, Effect
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import Listener
from ansible_collections.pathguard.network.plugins.plugin_utils.model.text import address_range
from tests.support.diagnose_scene import Ailing
from tests.support.states import APPS, app_rule, forward, match, rule, ruleset, small_lab, stateful

CUT = ("app08", "app09", "app10")
NARROW = forward(app_rule("10.10.1.0/26"))


def test_nothing_is_wrong(ailing: Ailing) -> None:
    found = ailing.ask()
    assert found.verdict.text.startswith("It is not the firewall: nothing is cut off now; all 10 ways")
    assert (found.verdict.kind, found.verdict.certain, found.verdict.cleared) == ("nothing", True, True)
    assert found.causes == []


def test_a_narrowed_rule_with_an_earlier_snapshot(ailing: Ailing) -> None:
    """The rule, who is cut off, when, the command, and the pools that hide it."""
    ailing.ask(run_id="good")
    ailing.change(NARROW)
    ailing.fail("timeout", *CUT)
    ailing.site.pooled = dict.fromkeys(CUT, 3)
    found = ailing.ask(history=ailing.folder / "runs", run_id="bad")
    first = found.causes[0]
    assert (first.layer, first.host, first.confidence, first.firewall) == ("firewall", "fw1", "certain", True)
    assert (first.hosts, first.pairs) == (list(CUT), 3)
    assert "10.10.1.0/26" in first.now
    assert "10.10.1.0/24" in first.before
    assert first.commands == [
        "nft replace rule inet filter forward handle 13 'ip saddr 10.10.1.0/24 ip daddr { 10.20.1.10, 10.20.1.11 } "
        "tcp dport 5432 accept'"
    ]
    assert "runs/good/now" in first.when[0]
    assert found.verdict.text.startswith(
        "It is the firewall: fw1, table inet filter, chain forward, handle 13"
    )
    assert "cuts off app08-app10" in found.verdict.text
    symptom = (
        "9 of 30 new connections fail (timeout), from app08-app10; 9 of their 9 pooled connections live on"
    )
    assert symptom in screen.symptom(found.case)[0]
    assert f"  put it back on fw1: {first.commands[0]}\n" in screen.text(found)  # a command is never folded


def test_without_anything_earlier_the_rule_that_denies_is_named(ailing: Ailing) -> None:
    ailing.change(NARROW)
    ailing.fail("timeout", *CUT)
    found = ailing.ask()
    assert found.verdict.text == (
        "It is the firewall: fw1, table inet filter, chain forward: no rule accepts a part of it, and the default action "
        "denies it"
    )
    assert found.causes[0].commands == []
    narrow = "ip saddr 10.10.1.0/26 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept"
    assert found.causes[0].evidence[:3] == [
        "proof: cuts off 10.10.1.66, 10.10.1.100, 10.10.1.200 (app08-app10) to 10.20.1.10, tcp 5432",
        f"the rest: passes by fw1 inet/filter/forward rule 3 handle 13: {narrow}",
        "probes: 9 of 9 new connections of these failed (timeout)",
    ]
    assert found.causes[0].next == [
        f"on fw1: see whether the rule that lets the rest pass became too narrow: {narrow}"
    ]
    assert "next      on fw1: see whether" in screen.text(found)


@pytest.mark.parametrize(
    ("packets", "says"),
    [(9, "counted 9 packets while 6 of 6 new connections failed"), (0, "which speaks against it")],
)
def test_the_rule_that_drops_counts(ailing: Ailing, packets: int, says: str) -> None:
    drop = rule(3, "ip saddr 10.10.1.64/26 counter drop", match(src="10.10.1.64/26"), DROP)
    accept = rule(4, *app_rule())
    rules = ruleset("inet/filter/forward", "forward", "deny", [*stateful(), drop, accept])
    ailing.change(rules)
    ailing.fail("timeout", "app08", "app09")
    before = {"fw1": {"rules": {"inet/filter/forward": {"handle:13": 100}}}}
    after = {"fw1": {"rules": {"inet/filter/forward": {"handle:13": 100 + packets}}}}
    ailing.site.counters = [before, after]
    found = ailing.ask()
    assert found.causes[0].now == "ip saddr 10.10.1.64/26 counter drop"
    assert any(says in line for line in found.causes[0].evidence)


def test_a_connection_that_the_proof_cuts_off_gets_through(ailing: Ailing) -> None:
    """A contradiction is told, and the proof is not taken for the whole truth."""
    ailing.change(NARROW)
    found = ailing.ask()
    assert found.causes[0].confidence == "possible"
    assert found.verdict.kind == "firewall"
    assert not found.verdict.certain
    assert screen.contradictions(found.case, found.causes) == [
        "app08-app10 (IPv4) to 10.20.1.10 port 5432: reachable; the proof says cut"
    ]
    assert "ODD       app08-app10" in screen.text(found)


@pytest.mark.parametrize("result", ["reachable", "flapping"])
def test_one_of_several_ways(tmp_path: Path, result: str) -> None:
    """Connections that get through took another way: that says nothing against the proof."""
    ailing = Ailing(tmp_path, small_lab(ecmp=True))
    policy = {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ailing.change(NARROW, "fw2")
    ailing.fail(result, *CUT)
    found = ailing.ask(
        policy={"requiredPaths": [{**policy, "assume": ["replies_take_same_leg"]}]}, hops=["fw1", "fw2"]
    )
    assert (found.causes[0].host, found.causes[0].confidence) == ("fw2", "certain")
    says = {
        "reachable": "all 9 new connections of these went over another way",
        "flapping": "3 of 9 new connections",
    }
    assert any(says[result] in line for line in found.causes[0].evidence)
    assert screen.contradictions(found.case, found.causes) == []


@pytest.mark.parametrize(
    ("listeners", "says"),
    [
        (
            [Listener("tcp", "127.0.0.1", 5432, "postgres")],
            "postgres listens on tcp 5432 only on loopback, not on 10.20.1.10",
        ),
        ([Listener("tcp", "0.0.0.0", 22, "sshd")], "nothing listens on tcp 5432"),
    ],
)
def test_nobody_listens(ailing: Ailing, listeners: list[Listener], says: str) -> None:
    ailing.states["db1"].listeners = listeners
    ailing.fail("refused", *APPS)
    found = ailing.ask()
    assert found.verdict.text.startswith(f"It is not the firewall: db1: {says}")
    assert (found.verdict.kind, found.verdict.certain, found.verdict.cleared) == ("not_firewall", True, True)
    assert [check.name for check in found.checks if check.state == "bad"] == ["listener"]


def test_nobody_listens_for_one_family(tmp_path: Path) -> None:
    """Clients that try the other one first notice nothing; and what is so for both families is told once."""
    ailing = Ailing(tmp_path, small_lab(ipv6=True))
    ailing.states["db1"].listeners = [Listener("tcp", "::", 5432, "postgres")]
    ailing.site.at = {"10.20.1.10": "refused"}
    found = ailing.ask()
    assert "not on 10.20.1.10 (ipv4)" in found.verdict.text
    assert (found.verdict.kind, found.verdict.certain) == ("not_firewall", True)
    ailing.states["db1"].listeners = [Listener("tcp", "127.0.0.1", 5432, "postgres")]
    ailing.site.at = {}
    ailing.fail("refused", *APPS)
    again = ailing.ask(run_id="both")
    assert [cause.what for cause in again.causes] == [
        "db1: postgres listens on tcp 5432 only on loopback, not on 10.20.1.10 (ipv4), fd00:20:1::10 (ipv6)"
    ]


def test_a_route_that_is_gone(ailing: Ailing) -> None:
    state = ailing.states["app03"]
    state.routes = [route for route in state.routes if route.destination != "10.20.1.0/24"]
    ailing.fail("no_route", "app03")
    found = ailing.ask()
    assert (found.verdict.kind, found.causes[0].layer, found.causes[0].host) == (
        "not_firewall",
        "route",
        "app03",
    )
    assert "It is not the firewall: app03: " in found.verdict.text


def test_rules_of_the_source_and_of_the_destination(ailing: Ailing) -> None:
    drop = rule(1, "tcp dport 5432 drop", match(proto="tcp", dport=5432), DROP)
    ailing.change(ruleset("inet/own/output", "output", "permit", [drop]), "app01")
    ailing.change(ruleset("inet/own/input", "input", "permit", [drop]), "db1")
    ailing.fail("timeout", *APPS)
    found = ailing.ask()
    assert {(cause.layer, cause.host) for cause in found.causes} == {
        ("source", "app01"),
        ("destination", "db1"),
    }
    assert found.verdict.kind == "firewall"


def test_a_rule_that_is_not_understood(ailing: Ailing) -> None:
    """Where connections fail it is suspected; where they get through, it is not."""
    doubtful = both(match(proto="tcp", dport=5432), Unknown("limit rate over 5/second", "a rate limit"))
    rules = [*stateful(), rule(3, "limit rate over 5/second drop", doubtful, DROP), rule(4, *app_rule())]
    ailing.change(ruleset("inet/filter/forward", "forward", "deny", rules))
    found = ailing.ask()
    assert (found.causes, found.verdict.kind, found.verdict.certain) == ([], "nothing", False)
    assert "it is not proven for all of it: " in found.verdict.text
    ailing.fail("flapping", "app02")
    found = ailing.ask()
    assert (found.causes[0].confidence, found.causes[0].now) == ("likely", "limit rate over 5/second drop")
    assert found.verdict.text.startswith("It may be the firewall: fw1")


@pytest.mark.parametrize("known", [True, False])
def test_a_translation_that_cuts_off(ailing: Ailing, known: bool) -> None:
    """Also where nothing is known of before: without it, it would pass."""
    ailing.change(
        ruleset("inet/filter/input", "input", "deny", stateful(("app hosts", match(src="10.10.1.0/24")))),
        "db1",
    )
    ailing.ask(run_id="good")
    low = address_range("10.20.1.1")[1]
    snat = Effect("snat", family=4, address=(low, low))
    nat = rule(1, "ip saddr 10.10.1.64/26 snat to 10.20.1.1", match(src="10.10.1.64/26"), ACCEPT, [snat])
    ailing.change(
        ruleset("ip/nat/postrouting", "postrouting", "permit", [nat], type="nat", priority=100, family="ip")
    )
    ailing.fail("timeout", "app08", "app09")
    found = ailing.ask(history=ailing.folder / "runs" if known else None)
    assert (found.causes[0].layer, found.causes[0].host, found.causes[0].pairs) == ("nat", "fw1", 2)
    assert found.causes[0].now == "ip saddr 10.10.1.64/26 snat to 10.20.1.1"
    assert any(line.startswith("so that: db1") for line in found.causes[0].evidence) == known
    assert any("without this rule" in line for line in found.causes[0].evidence) != known


def test_a_translation_that_no_flow_comes_to_is_not_named_for_certain(ailing: Ailing) -> None:
    """The rule before it takes all of them."""
    ailing.change(
        ruleset("inet/filter/input", "input", "deny", stateful(("app hosts", match(src="10.10.1.0/24")))),
        "db1",
    )
    low, good = (address_range(address)[1] for address in ("10.20.1.1", "10.10.1.5"))
    rules = [
        rule(
            number,
            f"rule {number}",
            match(src="10.10.1.64/26"),
            ACCEPT,
            [Effect("snat", family=4, address=(to, to))],
        )
        for number, to in ((1, low), (2, good))
    ]
    ailing.change(
        ruleset("ip/nat/postrouting", "postrouting", "permit", rules, type="nat", priority=100, family="ip")
    )
    ailing.fail("timeout", "app08", "app09")
    causes = [cause for cause in ailing.ask().causes if cause.layer == "nat"]
    assert [(cause.now, cause.confidence) for cause in causes] == [
        ("rule 1", "certain"),
        ("rule 2", "possible"),
    ]


def test_a_full_table_of_connections(ailing: Ailing) -> None:
    ailing.fail("timeout", *APPS)
    full = {"count": 262144, "max": 262144, "drop": 4}
    ailing.site.counters = [{"fw1": {"conntrack": full}}, {"fw1": {"conntrack": {**full, "drop": 34}}}]
    found = ailing.ask()
    assert "fw1: its table of connections is full: 262144 of 262144" in found.verdict.text
    assert (found.verdict.kind, found.verdict.certain) == ("firewall", True)
    assert "30 packets were dropped for it" in found.causes[0].evidence[0]


def test_packets_that_vanish_between_what_was_read(ailing: Ailing) -> None:
    """Not the rules; and the counters tell where the packets were seen last."""
    ailing.fail("timeout", *APPS)
    chain = "inet/filter/forward"
    ailing.site.counters = [
        {
            "fw1": {"rules": {chain: {"handle:13": 5}}},
            "db1": {"rules": {"inet/filter/input": {"handle:13": 7}}},
        },
        {
            "fw1": {"rules": {chain: {"handle:13": 65}}},
            "db1": {"rules": {"inet/filter/input": {"handle:13": 7}}},
        },
    ]
    found = ailing.ask()
    assert (found.verdict.kind, found.verdict.certain, found.verdict.cleared) == ("unknown", False, True)
    assert found.verdict.text.startswith(
        "It is no firewall rule that was read: new connections to 10.20.1.10 port 5432 "
    )
    assert "are lost, although all rules and routes that were read let them pass" in found.verdict.text
    assert found.causes[0].evidence[1:] == [
        "counter: fw1, table inet filter, chain forward, rule 3: 60 packets",
        "counter: no rule of db1 that counts has counted a packet",
    ]


def test_a_database_host_that_is_down(ailing: Ailing) -> None:
    ailing.site.dead = {"db1"}
    found = ailing.ask()
    assert "db1: it can't be read, so it may be down" in found.verdict.text
    assert found.verdict.kind == "unknown"


def test_a_router_that_can_t_be_read(ailing: Ailing) -> None:
    """Nobody knows what it does, but it lies on the way; and as others get through, it forwards."""
    ailing.site.dead = {"fw1"}
    ailing.fail("timeout", "app08", "app09")
    found = ailing.ask(hops=None)
    assert found.verdict.text.startswith(
        "It may be the firewall: fw1: it can't be read (the host does not answer"
    )
    assert "the ways lead over 10.10.1.1, 10.20.1.1" in found.verdict.text
    assert found.causes[0].evidence[:2] == [
        "probes: 6 of 30 new connections over it fail, from app08, app09",
        "probes: it lets others pass",
    ]
    ailing.site.results = {}
    assert ailing.ask(hops=None, run_id="again").verdict.kind == "nothing"


def test_names(ailing: Ailing) -> None:
    ailing.site.facts = {
        **{name: {"names": {"db.example": {"addresses": ["10.20.1.10"], "error": ""}}} for name in APPS[:8]},
        "app09": {"names": {"db.example": {"addresses": ["10.20.1.12"], "error": ""}}},
        "app10": {"names": {"db.example": {"addresses": [], "error": "Name or service not known"}}},
    }
    found = ailing.ask(names=["db.example"])
    assert [cause.what for cause in found.causes] == [
        "app10: db.example can't be resolved: Name or service not known",
        "app09: db.example leads to 10.20.1.12, which no host that was read has",
    ]
    assert found.verdict.kind == "not_firewall"


def test_a_name_server_that_does_not_answer_clears_no_firewall(ailing: Ailing) -> None:
    told = {"db.example": {"addresses": [], "error": "Temporary failure in name resolution"}}
    ailing.site.facts = {name: {"names": told} for name in APPS}
    found = ailing.ask(names=["db.example"])
    assert found.verdict.text.startswith(
        "It may be: app01-app10: db.example can't be resolved: Temporary failure"
    )
    assert "or a firewall stops the queries" in found.verdict.text
    assert (found.verdict.kind, found.verdict.certain, found.verdict.cleared) == ("unknown", False, False)


def test_a_name_that_has_moved(ailing: Ailing) -> None:
    """The rules don't let packets to the new address pass, and that is not the cause. Routers are found without hosts."""
    question = {"to": "db.example", "hops": None, "history": ailing.folder / "runs"}

    def lead_to(address: str) -> None:
        told = {"db.example": {"addresses": [address], "error": ""}}
        ailing.site.names = {"db.example": [address]}
        ailing.site.facts = {name: {"names": told} for name in APPS}

    (ailing.folder / "runs").mkdir()
    lead_to("10.20.1.10")
    good = ailing.ask(**question, run_id="good")
    assert good.verdict.kind == "nothing"
    assert {"fw1", "db1"} <= set(good.case.states)
    with tarfile.open(report.write(good, [], bundle=True)["bundle"]) as archive:
        assert "good/now/names.yml" in archive.getnames()
    lead_to("10.20.1.12")
    ailing.fail("timeout", *APPS)
    found = ailing.ask(**question, run_id="bad")
    assert found.verdict.text.startswith(
        "It is not the firewall: app01-app10: db.example leads to 10.20.1.12, which no host that was read has; it led to "
        "10.20.1.10 on 20"
    )
    assert (found.verdict.kind, found.verdict.certain, found.causes[0].layer) == (
        "not_firewall",
        True,
        "name",
    )
    assert any(cause.firewall for cause in found.causes)
    lead_to("10.20.1.11")
    ailing.site.results = {}
    assert ailing.ask(**question, run_id="on-purpose").verdict.kind == "nothing"
    assert ailing.ask(names=["db.example"], to="db_standby", run_id="beside").verdict.kind == "nothing"


@pytest.mark.parametrize(("large", "told", "kind"), [(False, False, "firewall"), (True, False, "nothing")])
def test_large_packets(ailing: Ailing, large: bool, told: bool, kind: str) -> None:
    """Errors about packets that are too big get lost: certain where large ones do vanish, else worth a word."""
    drop = rule(1, "icmp drop", match(proto="icmp"), DROP)
    rules = ruleset(
        "inet/filter/forward", "forward", "deny", [drop, *(rule(2 + i, *r) for i, r in enumerate(_accepts()))]
    )
    ailing.change(rules)
    ping = {
        "source": "10.10.1.5",
        "address": "10.20.1.10",
        "small": True,
        "large": large,
        "told": told,
        "bytes": 1500,
    }
    ailing.site.facts = {"app01": {"pings": [ping]}}
    found = ailing.ask()
    assert found.causes[0].layer == "mtu"
    assert found.verdict.kind == kind
    assert "small requests work and big results hang" in found.verdict.text


@pytest.mark.parametrize(("result", "confidence"), [("timeout", "likely"), ("reachable", "possible")])
def test_a_change_that_made_it_unknown(ailing: Ailing, result: str, confidence: str) -> None:
    """The proof can't tell whether it is cut off; connections can."""
    ailing.ask(run_id="good")
    words, matched = app_rule()
    hours = both(matched, Unknown("meta hour", "meta hour is not modelled"))
    ailing.change(forward((f'meta hour "07:00"-"19:00" {words}', hours)))
    ailing.fail(result, *APPS)
    found = ailing.ask(history=ailing.folder / "runs")
    assert (found.causes[0].host, found.causes[0].confidence) == ("fw1", confidence)
    assert "it may cut off all 10 hosts" in found.causes[0].what
    assert found.causes[0].commands
    says = {"likely": "It may be the firewall: fw1", "possible": "Nothing is cut off now; all 10 ways"}
    assert found.verdict.text.startswith(says[confidence])
    # The rule is told once: as what was changed, not as what may deny, too.
    assert len([cause for cause in found.causes if cause.host == "fw1"]) == 1


def test_a_host_that_others_reach_is_not_said_to_be_down(ailing: Ailing) -> None:
    """One source alone: its neighbour table, a filter that nobody reads, a cable."""
    ailing.fail("timeout", "app03")
    [cause] = ailing.ask().causes
    assert (cause.layer, cause.hosts) == ("path", ["app03"])
    assert "app03 alone, while others get there: something near them is it" in cause.what
    ailing.fail("timeout", *APPS)
    assert "the host may be down" in ailing.ask().causes[0].what


@pytest.mark.parametrize(
    ("chain", "told"),
    [("interfaces", "db1, interfaces"), ("interfaces/Gi0", "db1, lists at interfaces (Gi0)")],
)
def test_where_an_interface_was_changed(chain: str, told: str) -> None:
    assert where("db1", chain, None) == told


def test_a_change_that_blocks_errors_is_told_with_what_reverts_it(ailing: Ailing) -> None:
    """Nothing is cut off, so it is no outage; and it is the same for both paths, so it is told once."""
    drop = rule(1, "icmp drop", match(proto="icmp"), DROP)
    good = [rule(2 + index, *accept) for index, accept in enumerate(_accepts())]
    errors = rule(4, "icmp accept", match(proto="icmp"))
    ailing.change(ruleset("inet/filter/forward", "forward", "deny", [*good, errors]))
    ailing.ask(run_id="good", to="db")
    ailing.change(ruleset("inet/filter/forward", "forward", "deny", [drop, *good, errors]))
    found = ailing.ask(history=ailing.folder / "runs", to="db")
    assert [(cause.layer, cause.confidence) for cause in found.causes] == [("mtu", "possible")]
    assert found.causes[0].commands == ["nft delete rule inet filter forward handle 11"]
    assert (found.verdict.kind, found.verdict.certain) == ("nothing", False)


def _accepts() -> list[tuple[str, object]]:
    return [
        ("ct state established,related accept", match(ct=("established", "related"))),
        app_rule(),
        ("", ALWAYS),
    ][:2]


def test_two_causes_are_both_told(ailing: Ailing) -> None:
    """Mending one of them alone would not help."""
    ailing.change(NARROW)
    ailing.states["db1"].listeners = [Listener("tcp", "127.0.0.1", 5432, "postgres")]
    ailing.fail("refused", *APPS[:7])
    ailing.fail("timeout", *CUT)
    found = ailing.ask()
    assert {cause.layer for cause in found.causes if cause.confidence == "certain"} == {
        "firewall",
        "listener",
    }
    assert "only on loopback" in screen.text(found)
    assert "chain forward" in screen.text(found)


def test_without_probes_only_what_was_read_counts(ailing: Ailing) -> None:
    ailing.change(NARROW)
    found = ailing.ask(probe=False)
    assert found.case.rows == []
    assert (found.verdict.kind, found.verdict.certain) == ("firewall", True)
    assert not any(
        request.get("pings") or request.get("logins")
        for _agent, hosts in ailing.site.asked
        for request in hosts.values()
    )
