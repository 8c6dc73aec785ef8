# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports for people and tools: one screen, escaped per format, nothing that steers a terminal."""

from __future__ import annotations

import datetime
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.model.rules import DROP
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from ansible_collections.pathguard.network.plugins.plugin_utils.render.clean import clean
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import FORMATS, render
from ansible_collections.pathguard.network.plugins.plugin_utils.render.screen import LINES, WIDTH
from tests.support.states import GROUPS, app_rule, forward, match, rule, small_lab

HOSTILE = 'comment "<script>alert(1)</script> {{ 7*7 }} \x1b[2J\x07 | `x` \u202egnp.exe & ]]> \n# heading" '


def policy(paths: int = 1) -> dict[str, Any]:
    ports = range(5432, 5432 + paths)
    return {
        "title": "Shop",
        "requiredPaths": [
            {"name": f"path {port}", "from": {"group": "app"}, "to": {"group": "db"}, "service": port}
            for port in ports
        ],
        "properties": {"hosts": {"required": ["fw1"], "properties": {"fw9": {"type": "object"}}}},
    }


def report(paths: int = 1, words: str = "") -> dict[str, Any]:
    name, matched = app_rule("10.10.1.0/26")
    now = small_lab(fw1=[forward((words + name, matched))])
    return validate(load_policy(policy(paths)), now, GROUPS, small_lab(), today=datetime.date(2026, 11, 22))


@pytest.fixture(scope="module")
def hostile() -> dict[str, Any]:
    return report(words=HOSTILE)


@pytest.mark.parametrize("paths", [1, 3, 12, 60])
def test_text_fits_one_screen(paths: int) -> None:
    lines = render(report(paths), "text").splitlines()
    assert len(lines) <= LINES
    assert max(len(line) for line in lines if "put it back: " not in line) <= WIDTH
    assert lines[0] == "PathGuard FAIL: Shop"
    assert any(
        "path 5432: partial, 7 of 10 app hosts, 14 of 20 pairs open (before: open)" in line for line in lines
    )
    assert any("cut off: 10.10.1.66" in line for line in lines)
    assert any("more paths that are not as wanted" in line for line in lines) is (paths == 60)


def test_text_tells_the_whole_story() -> None:
    text = render(report(), "text")
    for words in (
        "cut off: 10.10.1.66, 10.10.1.100, 10.10.1.200 -> 10.20.1.10/31, tcp 5432",
        "hosts: app08-app10",
        "by fw1 inet/filter/forward (new connections)",
        "default action: deny",
        "put back on fw1 inet/filter/forward rule 3 handle 13: the rule was changed",
        "before: ip saddr 10.10.1.0/24 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept",
        "now:    ip saddr 10.10.1.0/26 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept",
    ):
        assert words in text


def test_a_long_rule_is_wrapped_not_cut() -> None:
    words = "x" * 40 + " and words " * 9
    lines = render(report(words=words), "text")
    assert "".join(words.split()) in "".join(lines.split())


def findings(count: int, words: str) -> dict[str, Any]:
    found = report()
    found["findings"] = [
        {"kind": "listener", "severity": "medium", "message": f"{number} {words}"} for number in range(count)
    ]
    return found


@pytest.mark.parametrize(
    ("count", "more"), [(1, ""), (6, "... and 1 more finding"), (9, "... and 4 more findings")]
)
def test_findings_are_wrapped_and_those_left_out_are_counted(count: int, more: str) -> None:
    words = "the database listens on loopback alone and not on the address that its clients were told " * 2
    lines = render(findings(count, words), "text").splitlines()
    assert len(lines) <= LINES
    assert words.split() == " ".join(lines).partition("note    0 ")[2].split()[: len(words.split())]
    assert [line for line in lines if line.startswith("... and")] == ([more] if more else [])


def test_a_finding_without_room_ends_in_dots() -> None:
    found = findings(3, "words that go on and on " * 9)
    found["paths"] = [
        {**path, "name": f"{path['name']} {number}"} for path in found["paths"] for number in range(60)
    ]
    lines = render(found, "text").splitlines()
    assert LINES - 1 <= len(lines) <= LINES
    notes = [line for line in lines if line.startswith("note ")]
    assert len(notes) == 3
    assert any(line.endswith("...") for line in notes)
    assert any(line.endswith("more paths that are not as wanted") for line in lines)


def _markdown(text: str) -> None:
    rule = next(line for line in text.splitlines() if line.startswith("- now: "))
    assert rule.startswith("- now: `` ")  # the fence is longer than the backticks within
    assert rule.endswith(" ``")
    assert "\n# heading" not in text


def _html(text: str) -> None:
    tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags.append(tag)

    Reader().feed(text)
    assert tags.count("script") == 1  # the page's own
    assert {"table", "code", "h2"} <= set(tags)


def _junit(text: str) -> None:
    suites = ET.fromstring(text)  # noqa: S314 - our own text
    results = {case.get("name"): [child.tag for child in case] for case in suites.iter("testcase")}
    assert results == {"path 5432": ["failure"], "$.properties.hosts.properties.fw9": ["error"]}
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("2", "1", "1")


def _sarif(text: str) -> None:
    run = json.loads(text)["runs"][0]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("path 5432", "error"),
        ("$.properties.hosts.properties.fw9", "warning"),
    ]


def _prometheus(text: str) -> None:
    assert (
        'pathguard_path_satisfied{path="path 5432",kind="required",severity="high",satisfied="no"} 1' in text
    )
    assert 'pathguard_path_pairs{path="path 5432",kind="required",state="open"} 14' in text
    for line in text.splitlines():
        assert line.startswith("# ") or line.rpartition(" ")[2].isdigit()


def _text(text: str) -> None:
    assert "{{ 7*7 }}" in text  # as it came: nothing has run it


def _json(text: str) -> None:
    assert json.loads(text)["format"] == 1


CHECKS: dict[str, Callable[[str], None]] = {
    "text": _text, "markdown": _markdown, "html": _html, "junit": _junit, "sarif": _sarif, "prometheus": _prometheus, "json": _json,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_a_device_wrote_is_escaped(name: str, hostile: dict[str, Any]) -> None:
    text = render(hostile, name)
    assert not any(unwanted in text for unwanted in ("\x1b", "\x07", "\u202e"))
    assert not any(f"{end} 49" in text for end in ("</script>", "&lt;/script&gt;"))
    CHECKS[name](text)


def test_a_label_of_a_metric_is_escaped() -> None:
    odd = report()
    odd["paths"][0]["name"] = 'a "b" \\ c\nd'
    assert 'path="a \\"b\\" \\\\ c d"' in render(odd, "prometheus")


def test_clean_keeps_letters_of_all_languages() -> None:
    assert clean("Datenbank für Müller\t数据库\x00\u200b") == "Datenbank für Müller 数据库"


@pytest.mark.parametrize(
    ("value", "name"),
    [({}, "text"), ({"format": 1, "paths": [{}], "summary": {}}, "text"), (None, "json"), ([], "junit")],
)
def test_what_is_no_report_is_one_clear_error(value: Any, name: str) -> None:
    with pytest.raises(PathGuardError) as caught:
        render(value, name)
    assert "report" in str(caught.value)


def test_an_unknown_format_is_told() -> None:
    with pytest.raises(PathGuardError, match="pdf"):
        render(report(), "pdf")


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_rule_to_remove_is_named_by_where_it_stands(form: str) -> None:
    before, now = (small_lab(fw1=[forward(app_rule())]) for _each in range(2))
    rules = now["fw1"].rulesets["inet/filter/forward"].rules
    rules.insert(0, rule(20, "ip saddr 10.10.1.128/25 drop", match(src="10.10.1.128/25"), DROP))
    required = {"from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    policy = load_policy({"requiredPaths": [{"name": "p", **required}]})
    rendered = render(validate(policy, now, GROUPS, before), form)
    said = " ".join(rendered.replace("\\", "").split()).lower()
    assert "remove on fw1 inet/filter/forward rule 20 handle 30" in said
