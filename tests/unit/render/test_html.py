# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report or audit: sound markup, nothing from elsewhere, nothing that a device wrote is run."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.schemas import load_schema, problems
from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from tests.support.report_documents import DOCUMENTS, audit, good, hostile, many, partial, unknown

_VOID = {"meta", "input", "br", "link", "img", "hr"}
_NAMING = ("aria-labelledby", "for")


class Page(HTMLParser):
    """``open``: elements that are not closed. ``found``: (tag, attributes) of all. ``texts``: by the tag around them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.broken: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def words_of(text: str) -> str:
    """What a reader sees, without markup."""
    plain = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    plain = re.sub(r"<[^>]*>", " ", plain)
    for name, letter in (("lt", "<"), ("gt", ">"), ("#34", '"'), ("#39", "'"), ("amp", "&")):
        plain = plain.replace(f"&{name};", letter)
    return re.sub(r" ([,:.])(?= |$)", r"\1", " ".join(plain.split()))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: render(document(), "html") for name, document in DOCUMENTS.items()}


def test_the_audit_that_is_shown_is_one() -> None:
    assert problems(audit(), load_schema("audit")) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_markup_is_sound(name: str, pages: dict[str, str]) -> None:
    page = Page(pages[name])
    assert (page.broken, page.open) == ([], [])
    assert page.all("html") == [{"lang": "en"}]
    ids = [attributes["id"] for _tag, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = [word for _tag, at in page.found for key in _NAMING for word in at.get(key, "").split()]
    wanted += [at["href"].lstrip("#") for tag in ("a", "use") for at in page.all(tag)]
    assert set(wanted) <= set(ids)
    assert all("scope" in attributes for attributes in page.all("th"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_headings_go_down_one_by_one(name: str, pages: dict[str, str]) -> None:
    levels = [int(tag[1]) for tag, _attributes in Page(pages[name]).found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_is_asked_for_from_elsewhere(name: str, pages: dict[str, str]) -> None:
    page = Page(pages[name])
    for tag, attributes in page.found:
        assert not {"src", "srcset", "style", "action"} & set(attributes), tag
        assert not [key for key in attributes if key.startswith("on")], tag
        assert attributes.get("href", "#").startswith("#"), tag
    assert not page.all("link")
    assert not re.search(r"url\(|@import", page.texts["style"][0])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_page_allows_its_own_style_and_script_alone(name: str, pages: dict[str, str]) -> None:
    page = Page(pages[name])
    policy = next(at["content"] for at in page.all("meta") if "http-equiv" in at)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        [text] = page.texts[tag]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert len(page.all(tag)) == 1


def test_what_a_device_wrote_stays_text(pages: dict[str, str]) -> None:
    page = Page(pages["hostile"])
    assert not page.all("img")
    rule = next(text for text in page.texts["pre"] + page.texts["del"] if "alert(2)" in text)
    assert (
        "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)> {{ 7*7 }} {% raw %}"
        in rule
    )
    assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069]", pages["hostile"])


def test_a_partial_cut_tells_the_whole_story(pages: dict[str, str]) -> None:
    text = words_of(pages["partial"])
    for words in (
        "✕ FAIL PathGuard report Shop, application to database",
        "group app ✕ partial 7 of 10 app hosts",
        "Cut off: app08-app10 from 10.10.1.66, 10.10.1.100, 10.10.1.200 to 10.20.1.10, tcp 5432",
        "✕ 3 of 10 pairs end here",
        "Put back on fw1 inet/filter/forward rule 3 handle 13: the rule was changed",
        "- ip saddr 10.10.1.0/26 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept",
        "+ ip saddr 10.10.1.0/24 ip daddr { 10.20.1.10, 10.20.1.11 } tcp dport 5432 accept",
        "nft replace rule inet filter forward handle 13",
        "owner team shop",
        "ticket NET-17",
        "waiver until 2027-03-31: the pooler comes in spring (approved by jd)",
        "before: open",
    ):
        assert words in text


def test_an_audit_has_all_of_its_parts(pages: dict[str, str]) -> None:
    text = words_of(pages["audit"])
    for words in (
        "✕ FAIL PathGuard audit Nightly audit",
        "6 paths are not as wanted",
        "Slices without a report: 3.",
        "✕ not judged group nobody has no hosts where: $.requiredPaths[0].from",
        "Since baseline/last: 3 of 5 hosts drifted, 1 not compared",
        "By: jdoe.",
        "forward, new connections: these no longer get through 10.10.1.64/26 -> 10.20.1.10/31, tcp 5432",
        "forward, new connections: permit before, unknown now",
        "and at least 3 more parts",
        "inet/filter/input: default action changed - deny + permit",
        "Route - 10.20.1.0/24 via 10.1.1.1 + 10.20.1.0/24 via 10.1.1.2",
        "It is in the baseline, and not among the hosts of this audit.",
        "✕ high it permits every service from everybody to everybody any any fw1 inet/filter/forward rule 7 handle 21",
        "hygiene of r9: it could not be read",
        "✕ failed login failed where: r9 what to do: correct ansible_password",
        "✕ missing slice 3 left no report",
    ):
        assert words in text


def test_what_is_not_known_is_neither_good_nor_bad() -> None:
    document = unknown()
    text = words_of(render(document, "html"))
    assert "? UNKNOWN app to primary" in text
    assert "app03 was not gathered" in text
    assert "Not understood, or not read" in text
    assert "not understood: inet/filter/forward rule 4: meta skuid is not modelled" in text
    assert "unreadable: ip6tables: permission denied" in text


def test_paths_that_are_as_wanted_are_closed_and_the_others_open(pages: dict[str, str]) -> None:
    details = {at["id"]: at for at in Page(pages["partial"]).all("details") if "id" in at}
    assert [("open" in at, at["data-tone"]) for at in details.values()] == [
        (True, "bad"),
        (True, "bad"),
        (False, "good"),
        (False, "waived"),
    ]


def test_many_paths_are_a_strip_of_tiles_and_a_small_page() -> None:
    text = render(many(60), "html")
    page = Page(text)
    assert not [at for at in page.all("table") if at.get("class") == "matrix"]
    tiles = [at["aria-label"] for at in page.all("a") if "aria-label" in at]
    assert len(tiles) == 60
    assert tiles[0] == "path 0001: partial"


def test_thousands_of_addresses_are_folded_and_the_last_of_them_counted() -> None:
    document = partial()
    addresses = [f"10.{number >> 8}.{number & 255}.1" for number in range(1_500)]
    document["paths"][0]["cut"]["flows"][0]["src"] = addresses
    text = words_of(render(document, "html"))
    assert f"{', '.join(addresses[:4])} and 1496 more" in text
    assert f"{addresses[999]} and 500 more, in the JSON report" in text
    assert addresses[1_000] not in text


def test_a_host_that_was_judged_as_planned_says_so() -> None:
    document: dict[str, Any] = good()
    document["hosts"]["fw1"]["candidates"] = ["fw1.nft"]
    assert "fw1 judged as by fw1.nft" in words_of(render(document, "html"))


def test_the_guards_decision_stands_first() -> None:
    document = partial()
    document["guard"] = {
        "run_id": "20261123-1", "step": "post", "decision": "reverted", "started": "2026-11-23T04:00:00Z",
        "ended": "2026-11-23T04:01:00Z", "hosts": ["fw1"], "hops": ["fw2"], "protected": ["fw1"], "unprotected": {},
        "timeout": 300, "check_mode": False, "reasons": ["app to primary got worse"], "notes": [], "checkpoints": {},
        "probes": {"before": [], "after": [], "disagreements": []},
        "revert": {"manual": ["nft -f /run/pathguard/back.nft"]},
    }  # fmt: skip
    text = words_of(render(document, "html"))
    assert text.index("✕ reverted run 20261123-1") < text.index("From (rows) to (columns)")
    assert "app to primary got worse" in text
    assert "By hand nft -f /run/pathguard/back.nft" in text


def test_what_is_hostile_is_shown_in_every_place_once_cleaned() -> None:
    document = hostile()
    document["paths"][0]["name"] = '<b onclick="x">bold</b>'
    document["paths"][0]["owner"] = "a\x07b"
    page = Page(render(document, "html"))
    assert not page.all("b")
    assert '<b onclick="x">bold</b>' in page.texts["h3"]
    assert "ab" in page.texts["dd"]
