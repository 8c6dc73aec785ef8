# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit in each of its forms: what is in it, that it is sound, and that nothing that a device wrote gets out of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.run import Order, audit
from ansible_collections.pathguard.network.plugins.plugin_utils.render import audit_words as words
from ansible_collections.pathguard.network.plugins.plugin_utils.render import html_page
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import (
    AUDIT_FORMATS,
    FORMATS,
    render,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.render.screen import LINES, WIDTH
from tests.support.audit_scene import BASELINE, NOW, POLICIES, write_scene
from tests.support.states import GROUPS

HOSTILE = 'accept comment "</failure><script>alert(1)</script> \x1b[31m | `x` {{ 7 * 7 }}"'


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    folder = tmp_path_factory.mktemp("audit")
    write_scene(folder)
    return Order(
        policies=POLICIES,
        folder=folder,
        hosts=GROUPS["all"],
        groups=GROUPS,
        inventory=GROUPS["all"],
        report_dir=folder / "reports",
        name="Nightly",
        baseline=BASELINE,
        snapshots=folder / NOW,
        fail_on=["violation", "drift"],
    )


@pytest.fixture(scope="module")
def document(order: Order) -> dict[str, Any]:
    """A host that is silent, a rule that is narrower, and beside it one whose comment is up to no good."""
    return audit(order, None, lambda _said: None).document


@pytest.fixture
def hostile(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(document))
    found["name"] = HOSTILE
    found["hygiene"] = [
        {
            "kind": "any_any",
            "severity": "high",
            "host": HOSTILE,
            "ruleset": "inet/filter/forward",
            "position": 4,
            "line": 7,
            "handle": None,
            "text": HOSTILE,
            "message": HOSTILE,
        }
    ]
    for entry in found["drift"]:
        entry["by"], entry["reason"] = HOSTILE, HOSTILE
    found["hosts"][0].update(name=HOSTILE, error=HOSTILE, status="failed")
    return found


def test_the_forms_are_those_of_a_report() -> None:
    assert set(AUDIT_FORMATS) == set(FORMATS)


def test_one_screen(document: dict[str, Any]) -> None:
    lines = render(document, "text").splitlines()
    assert len(lines) <= LINES
    assert all(len(line) <= WIDTH or "put it back" in line for line in lines)
    text = "\n".join(lines)
    assert lines[0] == "PathGuard FAIL: audit Nightly"
    assert "hosts: 13 read, 1 failed; policies: 1; 0 of 2 paths as wanted" in text
    for line in (
        "because 1 host could not be read: app10",
        "because policies/shop.yml: 2 violations",
        "because 2 hosts not as in the baseline: app10, fw1",
        "unread  app10: there is no snapshot of this host",
        "drift   fw1 changed",
        "        lost at forward, new connections: 10.10.1.64/26,10.10.1.128/25 -> 10.20.1.10/31, tcp 5432",
        "        changed: inet/filter/forward rule 3",
        "not examined: hygiene of app10: it could not be read",
    ):
        assert line in text, line


def test_a_drift_of_an_unknown_moment_is_told_between_which_ones(document: dict[str, Any]) -> None:
    between = "it was otherwise 2026-11-23 04:00:00 UTC, and is so 2026-11-23 05:00:00 UTC"
    other = json.loads(json.dumps(document))
    [moved] = [one for one in other["drift"] if one["status"] == "changed"]
    moved.update(when=None, evidence=[between, "rules that changed are managed by docker"])
    lines = render(other, "text").splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("drift   fw1 changed"))
    assert lines[head + 1] == f"        {between}"
    moved["when"] = "2026-11-23 04:29:13 UTC"
    assert between not in render(other, "text"), "the moment itself says more"


def test_a_screen_of_a_bad_day_is_still_one(document: dict[str, Any]) -> None:
    """Hundreds of hosts, drifts and findings: each part is told, and how much more there is of it."""
    many = json.loads(json.dumps(document))
    bad = next(host for host in many["hosts"] if host["status"] == "failed")
    moved = next(one for one in many["drift"] if one["status"] == "changed")
    many["hosts"] = [{**bad, "name": f"h{number}"} for number in range(300)]
    many["drift"] = [{**moved, "host": f"h{number}"} for number in range(300)]
    finding = {
        "kind": "any_any",
        "severity": "high",
        "host": "h",
        "ruleset": "r",
        "position": 1,
        "line": None,
    }
    many["hygiene"] = [
        {**finding, "handle": None, "text": "accept", "message": str(number)} for number in range(300)
    ]
    text = render(many, "text")
    assert len(text.splitlines()) <= LINES
    for what in ("hosts that could not be read", "hosts that drifted", "findings"):
        assert re.search(rf"^\.\.\. and 2\d\d more {what}$", text, re.MULTILINE), what


def test_a_rule_as_it_was_does_not_stand_without_what_it_is(document: dict[str, Any]) -> None:
    """Wherever the room for a path ends."""
    many = json.loads(json.dumps(document))
    finding = {
        "kind": "any_any",
        "severity": "high",
        "host": "h",
        "ruleset": "r",
        "position": 1,
        "line": None,
    }
    pairs = 0
    for number in range(30):
        many["hygiene"] = [
            {**finding, "handle": None, "text": "", "message": str(one)} for one in range(number)
        ]
        many["hosts"] += [{**many["hosts"][0], "name": f"h{number}", "status": "failed", "error": "x"}]
        lines = render(many, "text").splitlines()
        for at, line in enumerate(lines):
            for was, now in (("before: ", "now:"), ("- ", "+ ")):
                if line.lstrip().startswith(was) and line.startswith("  "):
                    pairs += 1
                    assert lines[at + 1].lstrip().startswith(now), "\n".join(lines)
    assert pairs


def test_why_rules_could_not_be_read_is_on_the_screen(document: dict[str, Any]) -> None:
    """A file that holds a script instead of a listing; what was left out on purpose is not the reason."""
    why = "nft_text: flush: this is no listing of nft, but a script; give it as `nft -f`"
    found = json.loads(json.dumps(document))
    host = next(one for one in found["hosts"] if one["name"] == "fw1")
    host["unreadable"] = ["links: not gathered", "ipset: not given, so taken as none", why]
    found["not_examined"] += [
        {"host": "fw1", "what": "hygiene", "reason": "its rules could not be read"},
    ]
    assert f"unread  rules of fw1: {why}" in re.sub(r"\s+", " ", render(found, "text")).replace(
        "unread ", "unread  "
    )
    assert "- fw1, its rules: nft" in render(found, "markdown").replace("\\", "")


def test_what_was_not_examined_for_one_reason_is_told_once(document: dict[str, Any]) -> None:
    found = json.loads(json.dumps(document))
    found["not_examined"] = [
        *({"host": host, "what": "boot", "reason": "no time"} for host in ("db1", "db2", "fw1")),
        {"host": "fw1", "what": "hygiene", "reason": "no time"},
        {"host": "", "what": "unserved_rule", "reason": "no policy"},
    ]
    assert words.missed(found["not_examined"]) == [
        {"what": "boot", "reason": "no time", "hosts": ["db1", "db2", "fw1"]},
        {"what": "hygiene", "reason": "no time", "hosts": ["fw1"]},
        {"what": "unserved_rule", "reason": "no policy", "hosts": []},
    ]
    assert "not examined: boot of db1, db2, fw1: no time" in render(found, "text")
    assert "- boot of db1, db2, fw1: no time\n- hygiene of fw1: no time\n" in render(found, "markdown")


def test_drift_is_told_without_what_traffic_changes(document: dict[str, Any]) -> None:
    """In the document the rules stand verbatim."""
    found = json.loads(json.dumps(document))
    moved = next(one for one in found["drift"] if one["status"] == "changed")
    for side in ("before", "after"):
        text = moved["rules"][0][side]["text"]
        moved["rules"][0][side]["text"] = text.replace(
            "accept", "counter packets 81763 bytes 91827361 accept"
        )
    for form in ("text", "markdown", "html", "junit"):
        shown = render(found, form)
        assert "81763" not in shown, form
        assert "counter accept" in shown, form
    assert "81763" in render(found, "json")


def test_a_reworded_host_is_told_and_not_counted_as_drifted(document: dict[str, Any]) -> None:
    found = json.loads(json.dumps(document))
    moved = next(one for one in found["drift"] if one["status"] == "changed")
    moved.update(status="same", lost=[], gained=[])
    found["summary"]["drifted"] = 1
    screen = " ".join(render(found, "text").split())
    assert "0 of 14 hosts drifted, 1 not compared, 1 reworded" in screen
    assert "fw1 is reworded, and does the same" in screen
    assert "fw1 is reworded" in render(found, "markdown")
    page = render(found, "html")
    assert "0 of 14 hosts drifted, 1 not compared, 1 reworded" in page
    assert "reworded</" in page
    assert 'status="same"} 1' in render(found, "prometheus")


def test_paths_of_one_name_in_two_policies_are_told_apart(document: dict[str, Any]) -> None:
    found = json.loads(json.dumps(document))
    found["policies"].append({**found["policies"][0], "file": "policies/other.yml"})
    changed = render(found, "html").partition('id="changes"')[2]
    for file in ("policies/shop.yml", "policies/other.yml"):
        assert f"app to primary ({file})</a>" in changed
    assert "app to primary (" not in render(document, "html").partition('id="changes"')[2].partition("<h2")[0]


def test_one_of_something_is_not_several(document: dict[str, Any]) -> None:
    found = json.loads(json.dumps(document))
    found["summary"].update(drifted=1, hygiene=1)
    report = found["policies"][0]["report"]
    report["paths"] = report["paths"][:1]
    told = [(fact.number, fact.text) for fact in html_page.view(found).facts]
    assert [one for one in told if one[0] == "1"] == [
        ("1", "path not as wanted"),
        ("1", "path changed"),
        ("1", "host drifted"),
        ("1", "host not compared"),
        ("1", "hygiene finding"),
    ]
    assert ("0", "paths as wanted") in told


def test_a_quiet_day_is_short(order: Order) -> None:
    done = audit(replace(order, snapshots=order.folder / BASELINE), None, lambda _said: None)
    lines = render(done.document, "text").splitlines()
    assert lines[0] == "PathGuard PASS: audit Nightly"
    assert "0 of 14 hosts drifted" in " ".join(lines)


def test_markdown_has_every_part(document: dict[str, Any]) -> None:
    text = render(document, "markdown")
    for line in (
        "# PathGuard FAIL: audit Nightly",
        "## Hosts that could not be read",
        "## PathGuard FAIL: Shop",
        "### app to primary",
        "## Drift",
        "### fw1 changed",
        "## Not examined",
    ):
        assert f"\n{line}\n" in f"\n{text}", line
    assert "- before: `ip saddr 10.10.1.0/24" in text
    assert "\n\n\n" not in text


def test_junit_fails_on_what_the_verdict_is_about(document: dict[str, Any]) -> None:
    def results(found: dict[str, Any]) -> dict[tuple[str, str], str]:
        root = ElementTree.fromstring(render(found, "junit"))  # noqa: S314 - we made it
        return {
            (suite.attrib["name"], case.attrib["name"]): case[0].tag if len(case) else ""
            for suite in root
            for case in suite
        }

    found = results(document)
    assert found["policies/shop.yml", "app to primary"] == "failure"
    assert found["hosts", "app10"] == "error"
    assert (found["drift", "fw1"], found["drift", "fw2"]) == ("failure", "")
    quiet = json.loads(json.dumps(document))
    quiet["summary"]["fail_on"] = ["never"]
    assert (results(quiet)["drift", "fw1"], results(quiet)["hosts", "app10"]) == ("skipped", "skipped")


@pytest.mark.parametrize("what", ["hygiene", "not_saved"])
def test_what_was_not_looked_at_is_green_nowhere(document: dict[str, Any], what: str) -> None:
    """Where the verdict is about it, every form for machines says so."""
    blind = json.loads(json.dumps(document))
    blind["not_examined"] = [{"host": "fw2", "what": what, "reason": "its rules could not be read"}]
    blind["summary"]["fail_on"] = ["violation"] if what == "hygiene" else ["not_examined"]
    root = ElementTree.fromstring(render(blind, "junit"))  # noqa: S314 - we made it
    [case] = [case for suite in root if suite.attrib["name"] == "not examined" for case in suite]
    assert (case.attrib["name"], case[0].tag) == (f"{what} of fw2", "error")
    told = json.loads(render(blind, "sarif"))["runs"][0]["results"]
    assert [one["level"] for one in told if "its rules could not be read" in one["message"]["text"]] == [
        "error"
    ]
    blind["summary"]["fail_on"] = ["drift"]
    assert "its rules could not be read" not in render(blind, "sarif")
    blind["not_examined"] = [{"host": "", "what": "unserved_rule", "reason": "no time"}]
    assert 'name="unserved_rule of all hosts"' in render(blind, "junit")


def test_sarif_has_a_rule_for_every_result(document: dict[str, Any], hostile: dict[str, Any]) -> None:
    for found in (document, hostile):
        run = json.loads(render(found, "sarif"))["runs"][0]
        rules = {item["id"] for item in run["tool"]["driver"]["rules"]}
        assert {result["ruleId"] for result in run["results"]} <= rules
        assert {result["level"] for result in run["results"]} <= {"error", "warning", "note"}
    assert {"drift", "unread_host", "policies/shop.yml: app to primary"} <= {
        result["ruleId"] for result in json.loads(render(document, "sarif"))["runs"][0]["results"]
    }


def test_prometheus_is_what_its_exposition_format_asks_for(
    document: dict[str, Any], hostile: dict[str, Any]
) -> None:
    """One TYPE a metric, its samples together, and each sample once (Prometheus, "Exposition formats")."""
    sample = re.compile(r'^([a-z_]+)(\{([a-z_]+="([^"\\\n]|\\[\\"n])*",?)*\})? -?[0-9.e+]+$')
    for found in (document, hostile):
        lines = render(found, "prometheus").splitlines()
        names = [sample.fullmatch(line) for line in lines if not line.startswith("#")]
        assert all(names), [line for line in lines if not line.startswith("#") and not sample.fullmatch(line)]
        order = [one[1] for one in names if one]
        assert [name for index, name in enumerate(order) if index == 0 or order[index - 1] != name] == list(
            dict.fromkeys(order)
        )
        typed = [line.split()[2] for line in lines if line.startswith("# TYPE")]
        assert len(set(typed)) == len(typed)
        assert set(order) <= set(typed)
        keys = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
        assert len(set(keys)) == len(keys)
    text = render(document, "prometheus")
    assert "pathguard_audit_pass 0\n" in text
    assert 'pathguard_host_read{host="app10"} 0\n' in text
    assert 'pathguard_violations{policy="policies/shop.yml"} 2\n' in text


@pytest.mark.parametrize("name", sorted(AUDIT_FORMATS))
def test_what_a_device_wrote_stays_where_it_is(hostile: dict[str, Any], name: str) -> None:
    text = render(hostile, name)
    assert "\x1b" not in text
    if name == "junit":
        ElementTree.fromstring(text)  # noqa: S314 - we made it
    if name in ("junit", "html"):
        assert "<script>alert" not in text
    if name in ("json", "sarif"):
        json.loads(text)


def test_a_slice_says_which(document: dict[str, Any]) -> None:
    part = json.loads(json.dumps(document))
    part["slice"] = {"number": 2, "count": 4}
    part["policies"] = [{"file": "shop.yml", "report": None, "error": ""}]
    for name in AUDIT_FORMATS:
        assert render(part, name)
    assert "slice 2 of 4" in render(part, "text")
    assert "<skipped" in render(part, "junit")
