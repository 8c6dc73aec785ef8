# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a change did, on whichever host, by whichever tool: the report names it, and who decides because of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.guard_play import POLICY, Guarded
from tests.integration.lab_fixture import Lab

PRIMARY = "app to primary"
# Of all tools; what is there only because a tool was asked is left out.
RULES = "nft -s list ruleset; iptables-legacy-save | grep ^-A"
OF_IPTABLES = "{ iptables-save; ip6tables-save; } | grep ^-A; ipset save | sed 's/ initval .*//' | sort"
# Over both routers, the plain rules hold only as long as replies come back over the router of their flow.
SAME_LEG = yaml.safe_load(POLICY.read_text())
SAME_LEG["requiredPaths"] = [
    {**path, "assume": ["replies_take_same_leg"]} for path in SAME_LEG["requiredPaths"]
]
FORWARD, INPUT = "inet/filter/forward", "inet/filter/input"
NAT = "nft add table ip shop && nft 'add chain ip shop nat { type nat hook %s priority %s; }' && "
RAW = "nft add table ip raw && nft 'add chain ip raw pre { type filter hook prerouting priority raw; }' && "


@dataclass(frozen=True)
class Case:
    """``now``, ``before``: pieces of the rule that the report must name, as it is and as it was; None: no rule.
    ``decides``: a piece of the line that tells who decides because of it. ``cut``: the IPv4 sources.
    ``prepare``: what is so before the change."""

    name: str
    host: str
    command: str
    change: str
    chain: str
    now: str | None
    before: str | None
    decides: str = ""
    cut: list[str] | None = None
    ecmp: bool = False
    prepare: str = ""


def replaced(chain: str, words: str, rule: str) -> str:
    """Replace the first rule of an nft chain that has these words."""
    table = chain.replace("/", " ")
    listing = f"nft -a list chain {table} | grep -m1 -- '{words}' | sed 's/.*handle //'"
    return f"nft replace rule {table} handle $({listing}) {rule}"


def deleted(chain: str, words: str) -> str:
    table = chain.replace("/", " ")
    return f"nft delete rule {table} handle $(nft -a list chain {table} | grep -m1 -- '{words}' | sed 's/.*handle //')"


QUICK = (
    Case(
        "the established rule is deleted on the database",
        "db1",
        "nft flush chain inet filter input && nft add rule inet filter input iifname mgmt0 accept && "
        "nft add rule inet filter input ct state new iifname db0 tcp dport 5432 accept",
        "removed",
        INPUT,
        None,
        "ct state established,related accept",
        "packets of open connections",
    ),
    Case(
        "some source ports are dropped, for a part",
        "fw1",
        "nft insert rule inet filter forward ip saddr 10.10.1.64/26 tcp sport 1024-4999 tcp dport 5432 drop",
        "added",
        FORWARD,
        "tcp sport 1024-4999",
        None,
        "source ports 1024-4999",
        ["10.10.1.66", "10.10.1.100"],
    ),
)
LONG = (
    Case(
        "replies are not tracked",
        "fw1",
        RAW + "nft add rule ip raw pre tcp sport 5432 notrack",
        "added",
        "ip/raw/pre",
        "tcp sport 5432 notrack",
        None,
        "so that   fw1, table inet filter, chain forward (replies): default action: deny",
    ),
    Case(
        "the port is redirected on the database",
        "db1",
        NAT % ("prerouting", "dstnat") + "nft add rule ip shop nat tcp dport 5432 redirect to :6432",
        "added",
        "ip/shop/nat",
        "redirect to :6432",
        None,
    ),
    Case(
        "the destination is translated to the standby",
        "fw1",
        NAT % ("prerouting", "dstnat") + "nft add rule ip shop nat ip daddr 10.20.1.10 dnat to 10.20.1.11",
        "added",
        "ip/shop/nat",
        "dnat to 10.20.1.11",
        None,
        "so that   db2",
    ),
    Case(
        "packets are marked, and a mark is dropped",
        "fw1",
        "nft add table ip m && nft 'add chain ip m pre { type filter hook prerouting priority mangle; }' && "
        "nft add rule ip m pre ip saddr 10.10.1.200 meta mark set 0x7 && "
        "nft insert rule inet filter forward meta mark 0x7 drop",
        "added",
        FORWARD,
        "drop",
        None,
        "",
        ["10.10.1.200"],
    ),
    Case(
        "a new table rejects",
        "fw1",
        "nft add table inet edge && nft 'add chain inet edge gate { type filter hook forward priority 10; }' && "
        "nft add rule inet edge gate ip saddr 10.10.1.5 reject with tcp reset",
        "added",
        "inet/edge/gate",
        "reject with tcp reset",
        None,
        "",
        ["10.10.1.5"],
    ),
    Case(
        "a new base chain denies by its policy",
        "db1",
        "nft -f - <<'E'\ntable inet late {\nchain input {\ntype filter hook input priority 20; policy drop;\n"
        'iifname "mgmt0" accept\nct state established accept\n}\n}\nE',
        "default_action",
        "inet/late/input",
        "default action: deny",
        None,
    ),
    Case(
        "the state of the replies' rule is changed",
        "fw1",
        replaced(FORWARD, "established,related", "ct state related counter accept"),
        "changed",
        FORWARD,
        "ct state related",
        "ct state established,related",
        "(replies): default action: deny",
    ),
    Case(
        "a deny is moved above the permit",
        "fw1",
        "nft add rule inet filter forward ip saddr 10.10.1.64/26 drop && "
        + deleted(FORWARD, "10.10.1.64/26")
        + " && nft insert rule inet filter forward ip saddr 10.10.1.64/26 drop",
        "added",
        FORWARD,
        "ip saddr 10.10.1.64/26 drop",
        None,
        "",
        ["10.10.1.66", "10.10.1.100"],
    ),
    Case(
        "a map lost an element",
        "fw1",
        "nft delete element inet filter by_app '{ 10.10.1.128/25 }'",
        "members",
        FORWARD,
        "vmap @by_app",
        "vmap @by_app",
        "map inet/filter/by_app: elements lost: 10.10.1.128/25 : accept; come: none",
        ["10.10.1.200"],
        prepare="nft add map inet filter by_app '{ type ipv4_addr : verdict; flags interval; "
        "elements = { 10.10.1.0/25 : accept, 10.10.1.128/25 : accept } ; }' && "
        + replaced(FORWARD, "10.10.1.0/24 ip daddr", "tcp dport 5432 ip saddr vmap @by_app"),
    ),
    Case(
        "a rule is moved to the top",
        "fw1",
        deleted(FORWARD, "quarantine")
        + " && nft insert rule inet filter forward ip saddr 10.10.1.192/26 drop comment quarantine",
        "moved",
        FORWARD,
        "quarantine",
        "quarantine",
        "and is the first rule",
        ["10.10.1.200"],
        prepare="nft add rule inet filter forward ip saddr 10.10.1.192/26 drop comment quarantine",
    ),
    Case(
        "the database refuses a part",
        "db1",
        "nft insert rule inet filter input ip saddr 10.10.1.64/26 tcp dport 5432 reject",
        "added",
        INPUT,
        "ip saddr 10.10.1.64/26",
        None,
        "",
        ["10.10.1.66", "10.10.1.100"],
    ),
    Case(
        "the application host may not send",
        "app01",
        "nft 'add chain inet filter output { type filter hook output priority 0; }' && "
        "nft add rule inet filter output ip daddr 10.20.1.0/24 drop",
        "added",
        "inet/filter/output",
        "ip daddr 10.20.1.0/24 drop",
        None,
        "",
        ["10.10.1.5"],
    ),
    Case(
        "the other router masquerades",
        "fw2",
        "iptables -t nat -A POSTROUTING -o db0 -j MASQUERADE",
        "added",
        "iptables/nat/POSTROUTING",
        "MASQUERADE",
        None,
        "so that   db1, table inet filter, chain input",
        ecmp=True,
    ),
    Case(
        "the other router's rule is deleted",
        "fw2",
        "iptables -D FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "removed",
        "iptables/filter/FORWARD",
        None,
        "RELATED,ESTABLISHED",
        "",
        ecmp=True,
    ),
)


@pytest.fixture
def guarded(ruled_lab: Lab, tmp_path: Path) -> Guarded:
    return Guarded(ruled_lab, tmp_path)


def on(host: str, command: str) -> dict[str, Any]:
    return {
        "name": "Change the host",
        "ansible.builtin.shell": command,
        "delegate_to": host,
        "run_once": True,
        "changed_when": True,
        "become": True,
    }


def check(guarded: Guarded, case: Case) -> None:
    guarded.lab.route(ecmp=case.ecmp)
    rules = OF_IPTABLES if case.host == "fw2" else RULES
    if case.prepare:
        guarded.lab.run(case.host, ["bash", "-ec", case.prepare], check=True)
    before = guarded.lab.run(case.host, rules).stdout
    assert before
    done = guarded.run(
        [on(case.host, case.command)],
        hosts="app01",
        protect="fw1,fw2,db1,app01",
        policy=SAME_LEG if case.ecmp else str(POLICY),
    )
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    path = done.path(PRIMARY)
    told = [
        (
            cure["host"],
            cure["change"],
            cure["chain"],
            *(cure[at] and cure[at]["text"] for at in ("now", "before")),
        )
        for cure in path["remedy"]
    ]
    host, change, chain, now, was = told[0]
    assert (host, change, chain) == (case.host, case.change, case.chain), told
    for piece, text in ((case.now, now), (case.before, was)):
        assert (piece in text) if piece and text else (piece == text), told
    if case.cut is not None:
        assert [address for address in path["cut"]["from"] if ":" not in address] == case.cut
    assert f"rule      {case.host}, table {case.chain.partition('/')[0]} " in done.output
    assert " ".join(case.decides.split()) in " ".join(done.output.split()), done.output
    revert = done.guard["revert"]
    assert (revert["fingerprint"], revert["paths"]) == (True, True)
    assert guarded.lab.run(case.host, rules).stdout == before


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_the_change_is_named(guarded: Guarded, case: Case) -> None:
    check(guarded, case)


@pytest.mark.long
@pytest.mark.parametrize("case", LONG, ids=lambda case: case.name)
def test_every_change_is_named(guarded: Guarded, case: Case) -> None:
    check(guarded, case)


@pytest.mark.long
def test_a_family_that_is_cut_alone_is_told_by_its_share(guarded: Guarded) -> None:
    done = guarded.run(
        [on("fw1", "nft insert rule inet filter forward meta nfproto ipv6 drop")], hosts="app01"
    )
    path = done.path(PRIMARY)
    assert path["status"] == "partial"
    assert {name: tally["open"] for name, tally in path["share"]["families"].items()} == {
        "ipv4": 10,
        "ipv6": 0,
    }
    assert "IPv4 10 of 10, IPv6 0 of 10 pairs" in done.output


@pytest.mark.long
def test_a_change_of_routing_is_told_with_the_command_that_puts_it_back(guarded: Guarded) -> None:
    """On a protected firewall: its rules are as they were, so nothing is put back."""
    done = guarded.run(
        [on("fw1", "ip rule add from 10.10.1.200 prohibit")], hosts="app01", protect="fw1,fw2,db1,db2"
    )
    assert done.decisions == ["failed"], done.output
    [cure] = done.path(PRIMARY)["remedy"]
    assert (cure["host"], cure["change"], cure["commands"]) == (
        "fw1",
        "route_rules",
        ["ip rule del pref 32765 from 10.10.1.200 prohibit"],
    )
    assert "the rules of no protected firewall have changed" in " ".join(done.output.split())
    assert guarded.lab.run("fw1", cure["commands"][0]).returncode == 0
    assert "prohibit" not in guarded.lab.run("fw1", "ip rule").stdout


@pytest.mark.long
def test_what_was_changed_is_suspected_where_connections_alone_tell(guarded: Guarded) -> None:
    """Neighbour discovery is not looked at: the rules still let all flows pass."""
    command = "sed -i 's/, nd-neighbor-solicit, nd-neighbor-advert//' /etc/nftables.conf && reload-firewall"
    done = guarded.run(
        [on("fw1", f"{command} && ip -6 neigh flush all")], hosts="app01", protect="fw1,db1", probe=True
    )
    assert done.decisions == ["reverted"], done.output
    words = " ".join(done.output.split())
    assert "suspects what was changed, though by what was read it cuts off nothing: fw1, table inet" in words
    assert "nd-neighbor-solicit, nd-neighbor-advert } accept + icmpv6 type" in words
    assert "app01-app10 (IPv6) to fd00:20:1::a, fd00:20:1::b port 5432: timeout" in words


@pytest.mark.long
def test_replies_that_a_router_accepts_as_invalid_are_no_fault(guarded: Guarded) -> None:
    """Not tracked any more on fw2, the connections' answers are strange to it: it does not pick them up from their
    middle (nf_conntrack_tcp_loose), and lets invalid ones pass."""
    lab = guarded.lab
    lab.route(ecmp=True)
    assert lab.run("fw2", "sysctl -n net.netfilter.nf_conntrack_tcp_loose", check=True).stdout == "0\n"
    done = guarded.run(
        [on("fw2", "iptables -t raw -A PREROUTING -d 10.20.1.0/24 -p tcp --dport 5432 -j CT --notrack")],
        hosts="app01",
        protect="fw1,fw2",
        policy=SAME_LEG,
        probe=True,
    )
    assert (done.code, done.decisions) == (0, ["confirmed"]), done.output
    assert done.path(PRIMARY)["status"] == "open"


@pytest.mark.long
def test_a_redirect_on_the_database_itself_is_followed(guarded: Guarded) -> None:
    """To another port of the same address, which the database does not let in."""
    command = NAT % ("prerouting", "dstnat") + "nft add rule ip shop nat tcp dport 5432 redirect to :5433"
    done = guarded.run([on("db1", command)], hosts="app01", protect="fw1,db1")
    assert (done.code, done.decisions) == (2, ["reverted"]), done.output
    path = done.path(PRIMARY)
    assert (path["status"], len(path["cut"]["from"])) == ("partial", 10)
    assert [cure["now"]["text"] for cure in path["remedy"]] == ["tcp dport 5432 redirect to :5433"]
    assert "is not known" not in done.output
