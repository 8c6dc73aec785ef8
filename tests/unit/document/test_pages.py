# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation: which rule serves which path, the same bytes for the same network, a small difference for a small
change, and nothing that a device wrote gets out of its place."""

from __future__ import annotations

import difflib
import json
import random
import re
import shlex
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.document.pages import FORMATS, MARK, pages
from ansible_collections.pathguard.network.plugins.plugin_utils.document.site import Known, site_document
from ansible_collections.pathguard.network.plugins.plugin_utils.model.match import Unknown, both
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import NamedSet, State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform
from tests.support.documented import SSH, lab, site, written
from tests.support.report_documents import HOSTILE, policy
from tests.support.states import GROUPS, app_rule, forward, match, small_lab

PRIMARY = {
    "name": "app to primary",
    "from": {"group": "app"},
    "to": {"group": "db_primary"},
    "service": "postgresql",
}


def differing(before: dict[str, str], after: dict[str, str]) -> dict[str, list[str]]:
    """File -> lines that went or came."""
    found = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        lines = [
            line
            for line in difflib.unified_diff(old, new, n=0, lineterm="")
            if re.match(r"[-+](?![-+]{2} )", line)
        ]
        if lines:
            found[name] = lines
    return found


def test_there_is_a_page_for_each_host_that_decides_and_one_of_all() -> None:
    found = written(lab())
    assert sorted(found) == [
        "README.md",
        "hosts/db1.md",
        "hosts/db2.md",
        "hosts/fw1.md",
        "hosts/fw2.md",
        "incident-runbook.md",
        "index.html",
        "paths.md",
        "topology.svg",
    ]
    assert all(MARK in text for text in found.values())


def test_each_rule_says_which_paths_it_serves_or_that_it_serves_none() -> None:
    page = written(lab())["hosts/fw1.md"]
    rows = [line for line in page.splitlines() if line.startswith("| `") and "accept" in line]
    assert rows == [
        "| `ct state established,related accept` |  |",
        f"| `{app_rule()[0]}` | opens: app to primary, app to standby, so that a failover works when it is needed |",
        "| `tcp dport 22 accept` | **serves no path** |",
    ]
    assert (
        "The default action keeps out: nothing else reaches the databases; stops a part of: app to pooler."
        in page
    )


def test_a_path_tells_the_rules_that_it_rests_on() -> None:
    text = written(lab())["paths.md"]
    part = text.partition("### app to primary")[2].partition("###")[0]
    assert f"| fw1 | `inet/filter/forward` | `{app_rule()[0]}` | opens |" in part
    assert "| db1 | `inet/filter/input` | `iifname db0 tcp dport 5432 accept` | opens |" in part
    assert "- owner: team shop" in part
    assert "- ticket: NET-17" in part
    forbidden = text.partition("### nothing else reaches the databases")[2]
    assert "| fw1 | `inet/filter/forward` | `default action: deny` | keeps out |" in forbidden


def test_the_same_network_gives_the_same_bytes_in_whatever_order_it_was_read() -> None:
    states = lab()
    names = list(states)
    random.Random(7).shuffle(names)
    assert written({name: lab()[name] for name in names}) == written(states)
    for state in states.values():
        state.interfaces = dict(reversed(state.interfaces.items()))
        state.routes.reverse()
    assert written(states) == written(lab())


def test_what_traffic_and_reloads_change_is_no_difference() -> None:
    def counted(packets: int, handle: int) -> dict[str, State]:
        words, matched = app_rule()
        states = lab(
            (words.replace(" accept", f" counter packets {packets} bytes {packets * 60} accept"), matched),
            SSH,
        )
        ruleset = states["fw1"].rulesets["inet/filter/forward"]
        ruleset.rules = [replace(one, handle=handle + one.position) for one in ruleset.rules]
        return states

    assert written(counted(3, 10)) == written(counted(30_000, 900))


def test_a_changed_rule_is_a_small_difference() -> None:
    other = ("tcp dport 23 accept", match(proto="tcp", dport=23))
    found = differing(written(lab()), written(lab(app_rule(), other)))
    assert found["hosts/fw1.md"] == [
        "-| `tcp dport 22 accept` | **serves no path** |",
        "+| `tcp dport 23 accept` | **serves no path** |",
    ]
    assert set(found) == {"README.md", "hosts/fw1.md", "index.html"}
    assert all(len(lines) <= 4 for lines in found.values())


def test_a_new_rule_in_front_moves_no_other_line() -> None:
    found = differing(
        written(lab()), written(lab(("udp dport 53 accept", match(proto="udp", dport=53)), app_rule(), SSH))
    )
    assert found["hosts/fw1.md"] == ["+| `udp dport 53 accept` | **serves no path** |"]


def test_a_new_path_moves_no_other_paths_links() -> None:
    first = policy()
    second = policy()
    second["requiredPaths"].insert(0, {**PRIMARY, "name": "another", "service": "22/tcp"})
    before, after = written(lab(), first)["README.md"], written(lab(), second)["README.md"]
    links = re.findall(r"paths\.md#[\w-]+", before)
    assert links
    assert set(links) < set(re.findall(r"paths\.md#[\w-]+", after))
    assert all(
        f'<a id="{link.partition("#")[2]}"></a>' in written(lab(), second)["paths.md"] for link in links
    )


def test_no_time_stands_in_any_page() -> None:
    for text in written(lab()).values():
        assert not re.search(r"\d{2}:\d{2}:\d{2}|\b20\d\d-(?!03-31)\d\d-\d\d", text)  # the waiver's day alone


def test_without_policies_no_rule_is_said_to_serve_none() -> None:
    known = Known(lab(), GROUPS, {}, {}, lambda _policy: None)
    found = site_document("t", [], known, lambda _text: None)
    assert not found.judged
    assert not found.idle


def test_a_policy_that_cant_be_judged_leaves_the_rest_and_makes_no_claims() -> None:
    states = lab()
    for one in ("db1", "db2"):
        states[one].interfaces = {}
    shown = written(states, policy(), {"requiredPaths": [{**PRIMARY, "to": {"prefix": "10.20.1.10/32"}}]})
    assert "could not be judged: " in shown["README.md"]
    assert "### app to primary" in shown["paths.md"]
    assert "serves no path" not in shown["hosts/fw1.md"]


def test_hosts_that_were_not_read_are_told_and_nothing_is_concluded_from_them() -> None:
    states = lab()
    del states["app03"]
    shown = written(states, errors={"app03": "login failed\nwhere: app03"})
    assert "- app03 could not be read: login failed" in shown["README.md"]
    assert "Not known: a policy could not be judged, or a host of a path was not read." in shown["README.md"]
    assert "serves no path" not in shown["hosts/fw1.md"]
    assert "is: **unknown**" in shown["paths.md"]


def test_a_rule_that_was_not_understood_is_not_said_to_serve_none() -> None:
    odd = both(match(proto="tcp", dport=5432), Unknown("meta skuid bob", "meta skuid is not modelled"))
    states = lab(app_rule("10.10.1.0/26"), ("meta skuid bob tcp dport 5432 accept", odd))
    assert "| `meta skuid bob tcp dport 5432 accept` |  |" in written(states)["hosts/fw1.md"]


@pytest.mark.parametrize("name", ["README.md", "hosts/fw1.md", "index.html"])
def test_what_a_device_wrote_stays_text(name: str) -> None:
    text, matched = SSH
    found = written(lab(app_rule(), (HOSTILE + text, matched)))[name]
    assert "{{ 7*7 }}" in found
    assert "\n# heading" not in found
    assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", found)
    assert "<img" not in (found if name.endswith("html") else re.sub(r"(`+).*?\1", "", found))


def test_a_rule_for_icmp_alone_serves_errors_about_paths() -> None:
    ping = ("meta l4proto icmp accept", match(proto="icmp"))
    page = written(lab(app_rule(), ping))["hosts/fw1.md"]
    assert "| `meta l4proto icmp accept` |  |" in page


def test_hosts_with_the_same_idle_rule_are_told_together() -> None:
    text = written(lab())["README.md"].partition("## Rules that serve no path")[2]
    assert "- db1, db2, `inet/filter/input`: `iifname mgmt0 tcp dport 22 accept`\n" in text


def test_a_page_of_everything_stays_a_page() -> None:
    web = [(f"tcp dport {port} accept", match(proto="tcp", dport=port)) for port in range(1, 1001)]
    states = {f"fw{number}": small_lab(fw1=[forward(*web)])["fw1"] for number in range(11)}
    for name, state in states.items():
        state.host = name
    known = Known(states, GROUPS, {}, {}, lambda _policy: None)
    found = pages(site_document("t", [], known, lambda _text: None), FORMATS)
    assert "tcp dport 999 accept" in found["hosts/fw7.md"]
    assert "tcp dport 999 accept" not in found["index.html"]
    assert "Its rules are on its own page, <code>hosts/fw7.md</code>." in found["index.html"]


def test_a_line_break_in_what_somebody_wrote_ends_no_row() -> None:
    found = written(
        lab(), {"requiredPaths": [{**PRIMARY, "owner": "team\n| x | y |", "description": "a\n# b"}]}
    )
    assert "\n| x |" not in found["README.md"]
    assert "\n# b" not in found["paths.md"]


def test_very_many_idle_rules_are_listed_on_their_hosts_pages() -> None:
    web = [(f"tcp dport {port} accept", match(proto="tcp", dport=port)) for port in range(1, 401)]
    found = written(lab(app_rule(), *web))
    listed = found["README.md"].partition("## Rules that serve no path")[2]
    assert listed.count("dport") == 300
    assert re.search(r"- and 1\d\d more, on the hosts' own pages", listed)
    assert re.search(r"<p>and 1\d\d more, on the hosts' own pages</p>", found["index.html"])
    assert found["hosts/fw1.md"].count("**serves no path**") == 400


def test_two_policies_with_a_path_of_one_name_are_told_apart() -> None:
    found = site(lab(), {"requiredPaths": [PRIMARY]}, {"requiredPaths": [PRIMARY]})
    assert [path.label for path in found.paths] == [
        "app to primary (policies/0.yml)",
        "app to primary (policies/1.yml)",
    ]
    assert len({path.id for path in found.paths}) == 2


ROUTER = """version 15.9
ip access-list extended FROM-APP
 10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432
 20 permit tcp host 10.10.1.99 host 10.20.1.99 eq 25
interface Ethernet0/0
 ip address 10.10.1.1 255.255.255.0
 ip access-group FROM-APP in
interface Ethernet0/1
 ip address 10.20.1.1 255.255.255.0
end
"""
ROUTES = """Gateway of last resort is not set

C        10.10.1.0/24 is directly connected, Ethernet0/0
C        10.20.1.0/24 is directly connected, Ethernet0/1
"""


def test_a_rule_of_a_list_at_a_devices_interface_serves_the_path_that_it_lets_in() -> None:
    raw = {
        name: RawOutput(name, name, None, text)
        for name, text in (("running_config", ROUTER), ("routes4", ROUTES))
    }
    states = {"r1": parse_platform("cisco_ios", "r1", raw)}
    path = {
        "name": "to db",
        "from": {"prefix": "10.10.1.0/25"},
        "to": {"addresses": ["10.20.1.10"]},
        "service": 5432,
    }
    wanted = {
        "requiredPaths": [path],
        "boundaries": [
            {"host": "r1", "interface": "Ethernet0/0"},
            {"host": "r1", "interface": "Ethernet0/1"},
        ],
    }
    page = written(states, wanted)["hosts/r1.md"]
    assert "| `10 permit tcp 10.10.1.0 0.0.0.255 host 10.20.1.10 eq 5432` | opens: to db |" in page
    assert "| `20 permit tcp host 10.10.1.99 host 10.20.1.99 eq 25` | **serves no path** |" in page
    assert "echo requests` | **" not in page  # what the device does by itself is nobody's rule


def test_members_of_sets_are_in_order_and_those_that_come_and_go_are_not_listed() -> None:
    states = lab()
    ranges = [((number, number),) for number in (0x0A010109, 0x0A010102)]
    states["fw1"].sets = {
        "inet/filter/apps": NamedSet("inet/filter/apps", ("address4",), list(ranges)),
        "inet/filter/seen": NamedSet("inet/filter/seen", ("address4",), list(ranges), dynamic=True),
    }
    page = written(states)["hosts/fw1.md"]
    assert (
        "- `inet/filter/apps`: 2 members\n  - `10.1.1.2`\n  - `10.1.1.9`\n- `inet/filter/seen`: its members come and go\n"
        in page
    )


def test_rules_that_a_program_makes_are_counted_and_not_listed() -> None:
    states = lab()
    rules = states["fw1"].rulesets["inet/filter/forward"].rules
    rules[-1] = replace(rules[-1], managed_by="docker")
    page = written(states)["hosts/fw1.md"]
    assert "1 more rule is made by docker." in page
    assert "tcp dport 22" not in page


def test_the_runbook_has_the_sites_own_commands_and_owners() -> None:
    text = written(lab())["incident-runbook.md"]
    assert text.index("Diagnose first") < text.index("What it says")
    command = (
        "ansible-playbook pathguard.network.diagnose -e "
        '\'{"path_diagnose_policy": "policies/0.yml", "path_diagnose_paths": ["app to primary"]}\''
    )
    assert f"`{command}`" in text
    assert "| app to primary | team shop | NET-17 | fw1 |" in text
    assert (
        "- **fw1** (linux), passes packets on: app0 10.10.1.1/24; db0 10.20.1.1/24; mgmt0 10.99.0.11/24"
        in text
    )
    assert "These paths must be open" in text


def test_a_command_is_one_word_to_the_shell_whatever_a_path_is_called() -> None:
    odd = 'it\'s "$(reboot)"'
    [path] = site(lab(), {"requiredPaths": [{**PRIMARY, "name": odd}]}).paths
    words = shlex.split(path.command)
    assert words[:3] == ["ansible-playbook", "pathguard.network.diagnose", "-e"]
    assert json.loads(words[3])["path_diagnose_paths"] == [odd]


def test_the_drawing_is_sound_and_says_in_words_what_it_shows() -> None:
    text = written(lab())["topology.svg"]
    root = ET.fromstring(text)  # noqa: S314 - our own text
    said = " ".join("".join(root.itertext()).split())
    assert "10.10.1.0/24: app01-app10, fw1, fw2; 10.20.1.0/24: db1, db2, fw1, fw2" in said
