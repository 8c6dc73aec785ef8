# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A documentation as a whole, from saved snapshots: what is asked for wrongly is told before anything is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.document.doubts import doubts
from ansible_collections.pathguard.network.plugins.plugin_utils.document.run import Order, document
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import Snapshot, now, write
from tests.support.documented import lab
from tests.support.report_documents import policy
from tests.support.states import GROUPS


@pytest.fixture
def order(tmp_path: Path) -> Order:
    for host, state in lab().items():
        write(tmp_path / "saved", Snapshot(host, "linux", now(), json.loads(json.dumps(state.to_dict())), []))
    return Order(
        title="The shop's network",
        policies=policy(),
        folder=tmp_path,
        directory=tmp_path / "pages",
        hosts=GROUPS["all"],
        groups=GROUPS,
        inventory=GROUPS["all"],
        snapshots=tmp_path / "saved",
    )


def quiet(_text: str) -> None:
    """Nobody listens."""


def test_from_snapshots_and_again_from_later_ones_of_the_same_network(order: Order, tmp_path: Path) -> None:
    first = document(order, None, quiet)
    assert [change.name for change in first.changes if change.name == "paths.md"]
    for host, state in lab().items():
        later = Snapshot(host, "linux", "2027-01-01T00:00:00+00:00", state.to_dict(), [], "another run")
        write(tmp_path / "saved", later)
    assert document(order, None, quiet).changes == []


def test_names_are_what_they_were_when_the_snapshots_were_taken(order: Order, tmp_path: Path) -> None:
    (tmp_path / "saved" / "names.yml").write_text("db.example: 10.20.1.10\n")
    by_name = {
        "name": "by name",
        "from": {"group": "app"},
        "to": {"dns": "db.example"},
        "service": "postgresql",
    }
    found = document(replace(order, policies={"requiredPaths": [by_name]}), None, quiet)
    assert [path.entry["status"] for path in found.site.paths] == ["open"]


def test_in_check_mode_nothing_is_written(order: Order) -> None:
    assert document(replace(order, keep=True), None, quiet).changes
    assert not order.directory.exists()


@pytest.mark.parametrize(
    ("formats", "files"),
    [
        (["markdown"], {"README.md", "paths.md", "topology.svg", "hosts"}),
        (["html"], {"index.html"}),
        (["runbook"], {"incident-runbook.md"}),
    ],
)
def test_only_what_is_asked_for_is_written(order: Order, formats: list[str], files: set[str]) -> None:
    document(replace(order, formats=formats), None, quiet)
    assert {path.name for path in order.directory.iterdir()} == files


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"formats": ["pdf"]}, "there is no form 'pdf'"),
        ({"formats": []}, "no form is named"),
        ({"hosts": []}, "there is no host to document"),
        ({"files": Path("elsewhere")}, "both snapshots and saved outputs are named"),
        ({"snapshots": Path("elsewhere")}, "the snapshots can't be listed"),
        ({"policies": ""}, "it is not said which policies are meant"),
        (
            {"hosts": ["web01"]},
            "no host could be read, so no page was changed; web01: there is no snapshot of this host",
        ),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(order: Order, change: dict[str, Any], said: str) -> None:
    with pytest.raises(PathGuardError) as caught:
        document(replace(order, **change), None, quiet)
    assert caught.value.what.startswith(said)
    assert len(str(caught.value).splitlines()) <= 5
    assert not order.directory.exists()


def test_the_options_name_is_the_roles_own(order: Order) -> None:
    with pytest.raises(PathGuardError) as caught:
        document(replace(order, policies=""), None, quiet)
    assert caught.value.where == "path_document_policies"


def test_what_the_pages_do_not_rest_on_is_told_to_who_makes_them(order: Order, tmp_path: Path) -> None:
    assert doubts(document(order, None, quiet).site) == []
    (tmp_path / "saved" / "db1.json").unlink()
    blind = replace(
        lab()["fw1"],
        firewall_known=False,
        rulesets={},
        chains={},
        unreadable=[{"what": "nft_text", "reason": "this is no listing of nft, but a script"}],
    )
    write(tmp_path / "saved", Snapshot("fw1", "linux", now(), json.loads(json.dumps(blind.to_dict())), []))
    found = document(
        replace(order, hosts=[*GROUPS["all"], *(f"web{number}" for number in range(9))]), None, quiet
    )
    unread, rules = doubts(found.site)
    assert unread.startswith(
        "10 of 23 hosts could not be read, and the pages say so: db1: there is no snapshot"
    )
    assert unread.endswith("; and 7 more")
    assert (
        rules
        == "the rules of 1 of 23 hosts could not be read: fw1: nft_text: this is no listing of nft, but a script"
    )


def test_a_folder_that_can_not_be_written_is_told_before_any_host_is_read(
    order: Order, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    wrong = replace(order, directory=tmp_path / "file" / "pages", snapshots=tmp_path / "nowhere")
    with pytest.raises(PathGuardError, match="the page can't be written: Not a directory") as caught:
        document(wrong, None, quiet)
    assert "path_document_dir" in caught.value.todo
