# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policies an audit is asked for, however they are named, and what is said of those that are malformed."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.given import (
    MOST_TOLD,
    PoliciesError,
    check,
    read_policies,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import AuditError, PolicyError

GOOD = {"requiredPaths": [{"name": "p", "from": {"host": "a"}, "to": {"host": "b"}, "service": "postgresql"}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one.yml", "two.yml", "with, comma.yml"):
        (tmp_path / name).write_text(json.dumps(GOOD))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ("one.yml", ["one.yml"]),
        (" one.yml ", ["one.yml"]),
        ("one.yml,two.yml", ["one.yml", "two.yml"]),
        ("one.yml, two.yml,", ["one.yml", "two.yml"]),
        ("with, comma.yml", ["with, comma.yml"]),
        ("[one.yml, two.yml]", ["one.yml", "two.yml"]),
        ('["one.yml"]', ["one.yml"]),
        ("[]", []),
        ([], []),
        (["one.yml", "two.yml"], ["one.yml", "two.yml"]),
    ],
)
def test_a_list_may_be_text_as_a_command_line_makes_it(folder: Path, given: Any, files: list[str]) -> None:
    assert [one.file for one in read_policies(given, folder)] == files


@pytest.mark.parametrize("given", ["", " ", ",", " , ,"])
def test_where_none_is_named_the_form_for_a_command_line_is_told(folder: Path, given: str) -> None:
    with pytest.raises(AuditError, match="it is not said which policies are meant") as caught:
        read_policies(given, folder)
    assert "-e path_audit_policies=policies" in caught.value.todo
    assert """-e '{"path_audit_policies": []}'""" in caught.value.todo


@pytest.mark.parametrize(
    "given", ["[one.yml", "[one.yml]: x", "x" * 300 + ",", "[" * 5000, "one\0.yml", "one\ud800.yml", "a,\0"]
)
def test_text_that_is_no_list_is_one_clear_error(folder: Path, given: str) -> None:
    with pytest.raises((AuditError, PolicyError)) as caught:
        read_policies(given, folder)
    assert len(str(caught.value).splitlines()) <= 5


def test_all_bad_policies_are_told_at_once(folder: Path) -> None:
    (folder / "bad.yml").write_text("requiredPath: []")
    (folder / "worse.yml").write_text("- a list")
    (folder / "broken.yml").write_text("a: [")
    with pytest.raises(PoliciesError) as caught:
        read_policies(["one.yml", "bad.yml", "worse.yml", "broken.yml", "nowhere.yml"], folder)
    first, *lines = str(caught.value).splitlines()
    assert first == "4 of 5 policies can't be used:"
    for line, said in zip(
        lines,
        (
            "bad.yml $.requiredPath: unknown keyword 'requiredPath'; did you mean 'requiredPaths'",
            "worse.yml: the policy is not a mapping",
            "broken.yml: ",
            "nowhere.yml: the policy can't be read",
        ),
        strict=True,
    ):
        assert line.startswith(said)
    assert caught.value.what.startswith("4 of 5 policies can't be used: bad.yml, worse.yml")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own


def test_one_bad_policy_is_told_as_before(folder: Path) -> None:
    (folder / "bad.yml").write_text("requiredPath: []")
    with pytest.raises(PolicyError, match="unknown keyword 'requiredPath'") as caught:
        read_policies(["one.yml", "bad.yml"], folder)
    assert not isinstance(caught.value, PoliciesError)


def test_a_policy_in_words_of_ones_own_hears_what_paths_are_called(folder: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policies({"title": "Shop", "paths": []}, folder)
    assert "requiredPaths and forbiddenPaths" in caught.value.todo


def test_a_hundred_bad_policies_are_no_more_than_a_screen(folder: Path) -> None:
    (folder / "many").mkdir()
    for number in range(100):
        (folder / "many" / f"{number:03}.yml").write_text("requiredPath: []")
    with pytest.raises(PoliciesError) as caught:
        read_policies("many", folder)
    lines = str(caught.value).splitlines()
    assert len(lines) == MOST_TOLD + 2
    assert lines[-1] == f"and {100 - MOST_TOLD} more"
    assert max(map(len, lines)) <= 200


def test_names_that_the_inventory_lacks_are_told_of_all_policies(folder: Path) -> None:
    given = read_policies(["one.yml", "two.yml"], folder)
    check(given, {}, ["a", "b"])
    with pytest.raises(PoliciesError, match="2 of 2 policies can't be used"):
        check(given, {}, ["a", "c"])
