# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a path: who stands in it, where it is cut, and what is left of it behind the cut."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.render.picture import WIDTH, Picture, picture
from tests.support.report_documents import DOCUMENTS

ARROW, CROSS = "\N{RIGHTWARDS ARROW}", "\N{MULTIPLICATION X}"


def drawn(name: str, path: str) -> Picture:
    found = next(item for item in DOCUMENTS[name]()["paths"] if item["name"].startswith(path))
    seen = picture(found)
    assert seen is not None
    return seen


def shown(seen: Picture) -> list[tuple[str, str, list[str]]]:
    return [(row.title, row.mark, [text for _kind, text in row.lines]) for row in seen.rows]


def kinds(seen: Picture) -> list[str]:
    return [line.kind for line in seen.lines]


def test_an_open_path_goes_through() -> None:
    seen = drawn("good", "app to primary")
    assert shown(seen) == [
        ("app01-app10", "pass", ["out by app0"]),
        ("fw1", "pass", [f"app0 {ARROW} db0"]),
        ("db1", "end", ["in by db0"]),
    ]
    assert kinds(seen) == ["goes", "goes"]
    assert seen.told == "app01-app10, then fw1, then db1: open"


def test_a_partial_cut_shows_where_and_how_much() -> None:
    seen = drawn("partial", "app to primary")
    assert shown(seen)[1] == ("fw1", "stop", [f"app0 {ARROW} db0", f"{CROSS} 3 of 10 pairs end here"])
    assert kinds(seen) == ["goes", "some"]
    assert "then fw1 (3 of 10 pairs end here), then db1: partial" in seen.told


def test_what_is_cut_as_a_whole_does_not_reach_its_end() -> None:
    seen = drawn("partial", "app to pooler")
    assert shown(seen)[1:] == [
        ("fw1", "stop", ["in by app0", f"{CROSS} 10 pairs end here"]),
        ("group db_primary", "lost", ["nothing of this gets here"]),
    ]
    assert kinds(seen) == ["goes", "none"]


def test_each_way_has_its_track_and_stopped_replies_come_last() -> None:
    seen = drawn("two ways", "app to primary")
    assert [row.title for row in seen.rows] == ["app01-app10", "fw2", "fw1", "db1", "fw1", "fw2"]
    assert seen.rows[1].x != seen.rows[2].x
    assert seen.rows[0].x == seen.rows[3].x == seen.rows[4].x
    assert [row.lines[-1][1] for row in seen.rows[4:]] == [
        f"{CROSS} replies of 7 of 10 pairs end here",
        f"{CROSS} replies of 10 pairs end here",
    ]
    assert kinds(seen) == ["goes", "some", "some", "goes", "goes", "goes"]


def test_what_is_not_known_is_dashed_and_no_cut() -> None:
    seen = drawn("unknown", "app to primary")
    assert shown(seen)[1] == ("fw1", "doubt", [f"app0 {ARROW} db0", "? 3 of 9 pairs not known"])
    assert kinds(seen) == ["goes", "doubt"]


def test_of_a_forbidden_path_a_stop_is_as_wanted() -> None:
    seen = drawn("good", "nothing else")
    assert seen.rows[0].title.startswith("any except 10.10.1.0/24")
    stops = [text for row in seen.rows for _kind, text in row.lines if CROSS in text]
    assert stops
    assert all(text.endswith("as wanted") for text in stops)
    assert "through" not in {kind for row in seen.rows for kind in row.ended}
    assert set(kinds(seen)) == {"calm", "none"}


def test_what_gets_through_against_the_policy_is_told_at_its_end() -> None:
    seen = drawn("outside", "nothing else")
    ends = [row for row in seen.rows if "through" in row.ended]
    assert [row.title for row in ends] == ["db1, db2"]
    assert ends[0].mark == "stop"
    assert "get through" in ends[0].lines[-1][1]


def test_a_path_without_ways_has_no_picture() -> None:
    path: dict[str, Any] = {**DOCUMENTS["good"]()["paths"][0], "legs": []}
    assert picture(path) is None


def test_more_ways_than_fit_are_counted() -> None:
    path = DOCUMENTS["good"]()["paths"][0]
    path["legs"] = [
        {**path["legs"][0], "hops": [f"r{number}"], "stages": [path["legs"][0]["stages"][0]]}
        for number in range(9)
    ]
    seen = picture(path)
    assert seen is not None
    assert seen.more == 3


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "audit"])
def test_rows_lie_below_each_other_and_inside(name: str) -> None:
    for path in DOCUMENTS[name]()["paths"]:
        seen = picture(path)
        assert seen is not None
        heights = [row.y for row in seen.rows]
        assert heights == sorted(set(heights))
        assert heights[-1] < seen.height
        assert all(0 < row.x < row.text_x < WIDTH / 2 for row in seen.rows)
