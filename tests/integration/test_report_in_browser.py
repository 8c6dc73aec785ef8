# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML report, and the documentation's page, in a real browser: quiet, self-contained, readable on a phone and on paper, by keyboard and without
JavaScript, with enough contrast in light and dark. The browser is in a network namespace of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.render.formats import render
from tests.support.browser import Browser, Page, program
from tests.support.documented import lab, written
from tests.support.report_documents import DOCUMENTS, many

LIGHT, DARK = (("prefers-color-scheme", "light"),), (("prefers-color-scheme", "dark"),)
# The audit holds three reports: a good, a partial and a hostile one.
STATES = ("audit", "two ways", "unknown", "outside", "documentation")
# Bytes, and seconds of the page's own thread: of a report of 2,000 paths.
MOST_BYTES, MOST_SECONDS = 10_000_000, 8.0

# The contrast of every text with what is behind it (WCAG 2.2, 1.4.3: relative luminance), what is too low as
# [ratio, colour, background, text]. A gradient is judged at each of its colours.
CONTRAST = r"""
(function () {
  function parts(value) { return value.match(/[\d.]+/g).map(Number); }
  function channel(value) { value /= 255; return value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4); }
  function luminance(rgb) { return 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]); }
  function ratio(one, other) {
    var a = luminance(one), b = luminance(other);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  function behind(element) {
    for (; element; element = element.parentElement) {
      var style = getComputedStyle(element);
      var gradient = style.backgroundImage.match(/rgba?\([^)]*\)/g);
      if (gradient) { return gradient.map(parts); }
      var colour = parts(style.backgroundColor);
      if (colour.length < 4 || colour[3] > 0) { return [colour]; }
    }
    return [[255, 255, 255]];
  }
  document.querySelectorAll("details").forEach(function (item) { item.open = true; });
  var walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), bad = [], seen = 0, node;
  while ((node = walker.nextNode())) {
    var element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, title, desc, .symbols")) { continue; }
    var style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden") { continue; }
    var colour = parts(element.closest("svg") ? style.fill : style.color);
    var size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    var wanted = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    seen += 1;
    behind(element).forEach(function (under) {
      if (ratio(colour, under) < wanted) { bad.push([ratio(colour, under), colour, under, node.data.slice(0, 40)]); }
    });
  }
  var marks = [];
  document.querySelectorAll("svg.pic .l, svg.pic .m").forEach(function (drawn) {
    var style = getComputedStyle(drawn), line = drawn.classList.contains("l") || drawn.classList.contains("lost");
    var value = ratio(parts(line ? style.stroke : style.fill), behind(drawn.closest("div"))[0]);
    if (value < 3) { marks.push([value, drawn.getAttribute("class")]); }
  });
  return {seen: seen, bad: bad.slice(0, 5), marks: marks.slice(0, 5)};
}())
"""
# What sticks out to the right of the window, apart from what lies in a box that scrolls.
OVERFLOW = r"""
(function () {
  document.querySelectorAll("details").forEach(function (item) { item.open = true; });
  var width = document.documentElement.clientWidth;
  return {
    page: document.documentElement.scrollWidth - width,
    out: Array.from(document.body.querySelectorAll("*")).filter(function (element) {
      if (element.parentElement.closest(".wide, .rule, .skip")) { return false; }
      var box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1;
    }).slice(0, 5).map(function (element) { return element.outerHTML.slice(0, 120); }),
  };
}())
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = program()
    if found is None:
        pytest.skip("chromium is not installed")
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    with Browser(found) as started:
        yield started


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    found = {}
    for name, document in DOCUMENTS.items():
        found[name] = folder / f"{name.replace(' ', '-')}.html"
        found[name].write_text(render(document(), "html"), encoding="utf-8")
    found["documentation"] = folder / "documentation.html"
    found["documentation"].write_text(written(lab())["index.html"], encoding="utf-8")
    return found


def quiet(page: Page) -> None:
    assert page.trouble == []
    assert page.requests == []


def shown(page: Page, what: str = "details.path") -> list[str]:
    found: list[str] = json.loads(
        page.ask(
            f"JSON.stringify(Array.from(document.querySelectorAll('{what}'))"
            ".filter(item => item.checkVisibility()).map(item => item.querySelector('h3').textContent))"
        )
    )
    return found


def settle(page: Page, words: str) -> None:
    """Search as a reader does, and wait for it."""
    page.ask("document.getElementById('words').focus()")
    page.ask("document.getElementById('words').select()")
    page.write(words)
    page.ask("new Promise(done => setTimeout(done, 150))")


@pytest.mark.parametrize("name", STATES)
def test_it_is_quiet_and_has_contrast_in_light_and_dark(
    browser: Browser, files: dict[str, Path], name: str
) -> None:
    for media in (LIGHT, DARK):
        page = browser.page(files[name], media=media)
        found = page.ask(CONTRAST)
        quiet(page)
        assert found["seen"] > 40
        assert (found["bad"], found["marks"]) == ([], [])
        page.close()


def test_dark_is_dark(browser: Browser, files: dict[str, Path]) -> None:
    page = browser.page(files["good"], media=DARK)
    colour = page.ask("getComputedStyle(document.body).backgroundColor")
    assert max(int(part) for part in colour.strip("rgb()").split(",")) < 64
    page.close()


@pytest.mark.parametrize("name", STATES)
def test_nothing_sticks_out_on_a_phone(browser: Browser, files: dict[str, Path], name: str) -> None:
    page = browser.page(files[name], width=375, height=800)
    assert page.ask(OVERFLOW) == {"page": 0, "out": []}
    quiet(page)
    page.close()


def test_search_and_the_boxes_choose_what_is_shown(browser: Browser, files: dict[str, Path]) -> None:
    page = browser.page(files["partial"])
    everything = shown(page)
    assert len(everything) == 4
    settle(page, "NET-17")
    assert shown(page) == ["app to primary"]
    assert page.ask("document.getElementById('count').textContent").startswith("1 of ")
    settle(page, "10.10.1.66 standby")
    assert shown(page) == ["app to standby, so that a failover works when it is needed"]
    settle(page, "zebra")
    assert shown(page) == []
    assert page.ask("document.querySelector('.nothing').checkVisibility()")
    page.ask("document.getElementById('words').select()")
    page.press("Delete", 46)
    page.ask("new Promise(done => setTimeout(done, 150))")
    assert shown(page) == everything
    page.ask("document.querySelector('input[value=bad]').click()")
    assert shown(page) == ["nothing else reaches the databases", "app to pooler"]
    quiet(page)
    page.close()


def test_the_keyboard_reaches_and_opens_everything(browser: Browser, files: dict[str, Path]) -> None:
    page = browser.page(files["partial"])
    met: list[dict[str, Any]] = []
    for _each in range(60):
        page.press("Tab", 9)
        met.append(
            page.ask(
                "(function (at) { var style = getComputedStyle(at); return {tag: at.tagName, id: at.id,"
                " text: at.textContent.trim().slice(0, 30), ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};"
                "}(document.activeElement))"
            )
        )
        if met[-1]["tag"] == "SUMMARY" and "WAIVED" in met[-1]["text"]:
            break
    assert met[0]["text"] == "Skip to the content"
    assert {"A", "INPUT", "BUTTON", "DIV", "SUMMARY"} <= {item["tag"] for item in met}
    assert all(item["ring"] for item in met)
    at = "document.activeElement.parentElement.open"
    assert page.ask(at) is False
    page.press("Enter", 13, "\r")
    assert page.ask(at) is True
    page.close()


def test_a_link_of_the_matrix_opens_its_path(browser: Browser, files: dict[str, Path]) -> None:
    page = browser.page(files["good"])
    page.ask("document.querySelector('.matrix a.cell').click()")
    page.ask("new Promise(done => setTimeout(done, 50))")
    assert page.ask("document.querySelector(location.hash).open") is True
    quiet(page)
    page.close()


def test_without_javascript_all_is_there_but_the_search(browser: Browser, files: dict[str, Path]) -> None:
    page = browser.page(files["audit"], script=False)
    text = page.ask("document.body.innerText")
    assert "Cut off: app08-app10" in text
    assert "these no longer get through" in text
    assert "Search everything" not in text
    page.close()


def test_on_paper_all_is_open_and_ink_is_dark(browser: Browser, files: dict[str, Path]) -> None:
    page = browser.page(files["good"], media=DARK, kind="print")
    assert page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.ask("document.getElementById('find').checkVisibility()") is False
    hidden = (
        "Array.from(document.querySelectorAll('details:not([open]) .body'))"
        ".filter(item => !item.checkVisibility({contentVisibilityAuto: false})).length"
    )
    assert page.ask("document.querySelectorAll('details:not([open])').length") > 0
    assert page.ask(hidden) == 0
    found = page.ask(CONTRAST)
    assert found["bad"] == []
    assert page.pdf().startswith(b"%PDF-")
    page.close()


def test_movement_only_where_it_is_welcome(browser: Browser, files: dict[str, Path]) -> None:
    for value, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        page = browser.page(files["good"], media=(("prefers-reduced-motion", value),))
        assert page.ask("getComputedStyle(document.documentElement).scrollBehavior") == behaviour
        page.close()


def test_a_report_of_2000_paths_is_small_and_opens_at_once(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "many.html"
    file.write_text(render(many(2_000), "html"), encoding="utf-8")
    assert file.stat().st_size < MOST_BYTES
    page = browser.page(file)
    assert page.ask("document.querySelectorAll('details.path').length") == 2_000
    settle(page, "path 1234")
    assert shown(page) == ["path 1234"]
    assert 0 < page.seconds() < MOST_SECONDS
    quiet(page)
    page.close()
