# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked, how it is understood, and what is told of a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.question import (
    Question,
    read_question,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES, PathGuardError
from tests.support.diagnose_scene import QUESTION, Ailing
from tests.support.states import GROUPS

POLICY = {
    "title": "Shop",
    "requiredPaths": [
        {"name": "one", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"},
        {"name": "two", "from": {"group": "app"}, "to": {"dns": "db.example"}, "service": "postgresql"},
    ],
    "forbiddenPaths": [{"name": "no", "from": {"group": "app"}, "to": {"group": "db"}, "service": "ssh"}],
}


def ask(**options: Any) -> Question:
    nothing = dict.fromkeys(("from", "to", "service", "policy", "paths", "names", "login"))
    return read_question({**nothing, **options}, GROUPS, GROUPS["all"], Path())


@pytest.mark.parametrize(
    ("source", "endpoint"),
    [
        ("app", {"group": "app"}),
        ("app01", {"hosts": ["app01"]}),
        ("app01,app02", {"hosts": ["app01", "app02"]}),
        (["app01", "firewalls"], {"hosts": ["app01", "fw1", "fw2"]}),
        ("db_primary db_standby", {"hosts": ["db1", "db2"]}),
        ("10.9.0.0/24, 10.10.1.5", {"addresses": ["10.9.0.0/24", "10.10.1.5"]}),
    ],
)
def test_ends(source: Any, endpoint: dict[str, Any]) -> None:
    found = ask(**{**QUESTION, "from": source})
    assert found.policy.schema["requiredPaths"][0]["from"] == endpoint


def test_names_are_a_destination_only() -> None:
    found = ask(**{**QUESTION, "to": "db.example"})
    assert found.policy.schema["requiredPaths"][0]["to"] == {"dns": ["db.example"]}
    assert found.names == ("db.example",)
    with pytest.raises(PathGuardError, match=r"unknown host or group 'db\.example'"):
        ask(**{**QUESTION, "from": "db.example"})


@pytest.mark.parametrize(
    ("service", "meant"),
    [
        ("postgresql", "postgresql"),
        ("5432", 5432),
        ("6432/tcp", "6432/tcp"),
        ("postgresql,22", ["postgresql", 22]),
        ({"protocol": "tcp", "ports": [5432]}, {"protocol": "tcp", "ports": [5432]}),
    ],
)
def test_services(service: Any, meant: Any) -> None:
    assert ask(**{**QUESTION, "service": service}).policy.schema["requiredPaths"][0]["service"] == meant


def test_a_policy_is_asked_about_its_paths() -> None:
    found = ask(policy=POLICY)
    assert [path.name for path in found.policy.paths] == ["one", "two", "no"]
    assert (found.label, found.names) == ("Shop (2 paths)", ("db.example",))
    assert [path.name for path in ask(policy=POLICY, paths=["two"]).policy.paths] == ["two"]
    assert ask(policy={"forbiddenPaths": POLICY["forbiddenPaths"]}).label == "no"


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    (
        {},
        "it is not known what can't reach what",
        "path_diagnose_from, path_diagnose_to, path_diagnose_service",
    ),
    ({"from": "app", "to": "db"}, "it is not known what can't reach what", "path_diagnose_service"),
    ({**QUESTION, "policy": POLICY}, "the question says it once more", "path_diagnose_from"),
    ({**QUESTION, "from": "ap"}, "unknown host or group 'ap'", "path_diagnose_from"),
    ({**QUESTION, "to": "db_primry"}, "did you mean 'db_primary'", "path_diagnose_to"),
    ({**QUESTION, "to": "db1,10.0.0.1"}, "hosts and addresses are mixed", "path_diagnose_to"),
    ({**QUESTION, "service": "postgres"}, "did you mean 'postgresql'", "path_diagnose_service"),
    ({**QUESTION, "service": "any"}, "can't ask for any service", "path_diagnose_service"),
    ({**QUESTION, "paths": ["one"]}, "path_diagnose_paths names paths of a policy", "path_diagnose_paths"),
    ({**QUESTION, "names": "a b!"}, "'b!' is no host name", "path_diagnose_names"),
    ({**QUESTION, "login": {"user": "shop", "password": "x"}}, "no password is used", "path_diagnose_login"),
    ({"policy": POLICY, "paths": ["nope"]}, "unknown path 'nope'", "path_diagnose_paths[0]"),
    ({"policy": {"properties": {"hosts": {"required": ["fw1"]}}}}, "no path", "the inline policy"),
]


@pytest.mark.parametrize(("options", "what", "where"), MISTAKES)
def test_mistakes(options: dict[str, Any], what: str, where: str) -> None:
    with pytest.raises(PathGuardError) as caught:
        ask(**options)
    told = str(caught.value)
    assert what in told
    assert where in told
    assert len(told.splitlines()) <= MAX_LINES


def test_nothing_is_read_for_a_bad_question(ailing: Ailing) -> None:
    with pytest.raises(PathGuardError, match="unknown host or group"):
        ailing.ask(**{"from": "apps"})
    assert ailing.site.reads == []


def test_no_source_can_be_read(ailing: Ailing) -> None:
    """One error, with what to do; a single host is told as such."""
    ailing.site.dead = {"app01"}
    with pytest.raises(PathGuardError, match="does not answer") as caught:
        ailing.ask(**{"from": "app01"})
    assert "app01" in str(caught.value)
    assert "nothing can be tried without one of these hosts" in str(caught.value)
    with pytest.raises(PathGuardError, match="is no run id\nwhere: path_diagnose_run_id\n"):
        ailing.ask(run_id="../x")
    ailing.site.dead = {f"app{number:02}" for number in range(1, 11)}
    with pytest.raises(PathGuardError, match="10 of 10 hosts could not be read") as several:
        ailing.ask(run_id="again")
    assert len(str(several.value).splitlines()) <= MAX_LINES


def test_one_source_that_can_t_be_read_does_not_stop_the_others(ailing: Ailing) -> None:
    ailing.site.dead = {"app01"}
    found = ailing.ask()
    assert list(found.case.silent) == ["app01"]
    assert {row.host for row in found.case.rows} == {f"app{number:02}" for number in range(2, 11)}
