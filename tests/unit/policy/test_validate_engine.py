# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine pathguard.network.paths, on a base class that does what that of ansible.utils does with options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError

from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.complain import (
    json_path,
    json_path_parts,
)
from ansible_collections.pathguard.network.plugins.sub_plugins.validate import paths
from tests.support.states import GROUPS, app_rule, forward, small_lab

POLICY: dict[str, Any] = {
    "requiredPaths": [
        {"name": "p", "from": {"group": "app"}, "to": {"group": "db_primary"}, "service": "postgresql"}
    ]
}
KEYS = {
    "message",
    "data_path",
    "json_path",
    "schema_path",
    "relative_schema",
    "expected",
    "validator",
    "found",
}


class Base:
    """What an engine is given; options by name, as ansible.utils has read them by then."""

    def __init__(self, data: Any, criteria: Any, **options: Any) -> None:
        self._data, self._criteria, self._options = data, criteria, options
        assert options.keys() <= yaml.safe_load(paths.DOCUMENTATION)["options"].keys()

    def _get_sub_plugin_options(self, name: str) -> Any:
        return self._options.get(name)


class Engine(paths.Validate, Base):
    """The engine on that base."""


def validated(data: Any, criteria: Any = None, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = Engine(data, criteria or POLICY, **{"groups": GROUPS, **options}).validate()
    json.dumps(found)
    return found


def broken() -> dict[str, State]:
    return small_lab(fw1=[forward(app_rule("10.10.1.0/26"))])


def saved(folder: Path, states: Mapping[str, State]) -> Path:
    for host, state in states.items():
        snapshot.write(folder, snapshot.Snapshot(host, state.platform, snapshot.now(), state.to_dict(), []))
    return folder


def test_all_is_as_wanted(tmp_path: Path) -> None:
    assert validated(str(saved(tmp_path, small_lab()))) == {}


def test_a_path_that_is_cut_in_part(tmp_path: Path) -> None:
    saved(tmp_path / "now", broken())
    (tmp_path / "policy.yml").write_text(json.dumps(POLICY), encoding="utf-8")
    found = validated("now", "policy.yml", folder=str(tmp_path))
    [error] = found["errors"]
    assert error.keys() == KEYS
    assert "the required path 'p' is partial, 7 of 10 app hosts open; cut off: 10.10.1.66" in error["message"]
    assert (error["data_path"], error["json_path"]) == ("hosts.fw1", "$.hosts.fw1")
    assert (error["schema_path"], error["validator"]) == ("requiredPaths.0", "requiredPaths")
    assert error["relative_schema"] == POLICY["requiredPaths"][0]
    assert (error["expected"], error["found"]["status"]) == ("open", "partial")
    assert error["found"]["flows"][0]["src"] == ["10.10.1.66", "10.10.1.100", "10.10.1.200"]
    assert "PathGuard FAIL" in found["msg"]


def test_what_data_may_be(tmp_path: Path) -> None:
    states = broken()
    folder = saved(tmp_path, states)
    wanted = validated(str(folder))["errors"]
    documents = [state.to_dict() for state in states.values()]
    for data in (
        [str(path) for path in sorted(folder.iterdir())],
        {host: {"snapshot": str(folder / f"{host}.json"), "platform": "linux"} for host in states},
        documents,
        {"hosts": {item["host"]: item for item in documents}},
    ):
        assert validated(data)["errors"] == wanted
    network = {"hosts": dict(zip(states, documents)), "groups": GROUPS}
    assert validated(network, groups=None)["errors"] == wanted


def test_facts_unknowns_and_waivers_of_several_policies() -> None:
    states = small_lab()
    states["fw1"].firewall_known = False
    fact = {"properties": {"hosts": {"properties": {"fw1": {"properties": {"platform": {"const": "vyos"}}}}}}}
    waived = {**POLICY["requiredPaths"][0], "waiver": {"reason": "r", "expires": "2999-12-31"}}
    data = [state.to_dict() for state in states.values()]
    found = validated(data, [fact, {"requiredPaths": [waived]}, POLICY])
    told, path = found["errors"]
    assert (told["data_path"], told["found"], told["expected"]) == ("hosts.fw1.platform", "linux", "vyos")
    assert told["relative_schema"] == {"const": "vyos"}
    assert "not known: " in path["message"]
    assert path["found"]["satisfied"] == "unknown"


@pytest.mark.parametrize(
    ("data", "criteria", "message"),
    [
        ("nowhere", POLICY, "can't be read"),
        ([], POLICY, "there is no state of any host"),
        (5, POLICY, "a state is a mapping"),
        ({"hosts": {}, "groups": []}, POLICY, "groups must be a mapping"),
        ([small_lab()["fw1"].to_dict()] * 2, POLICY, "two states of fw1"),
        ([small_lab()["fw1"].to_dict()], {"requiredPath": []}, "requiredPath"),
        ([small_lab()["fw1"].to_dict()], [], "there is no policy"),
    ],
)
def test_a_mistake_is_told_in_a_few_lines(data: Any, criteria: Any, message: str) -> None:
    with pytest.raises(AnsibleError, match=message) as caught:
        Engine(data, criteria, groups=GROUPS).validate()
    assert len(str(caught.value).splitlines()) <= 5


@pytest.mark.parametrize(
    "parts", [[], ["requiredPaths", 0, "name"], ["hosts", "fw1.example", "rulesets", "a['b\\c"], ["$id", 12]]
)
def test_a_json_path_is_read_as_it_was_written(parts: list[str | int]) -> None:
    assert json_path_parts(json_path(parts)) == parts
