# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people get wrong in policies: one clear error each, where it is, and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy

SHOP = """title: Shop
requiredPaths:
  - name: app to db
    from: {group: app}
    to: {group: db}
    service: postgresql
"""
FROM, SERVICE, NAME = "{group: app}", "postgresql", "app to db"
AT = "$.requiredPaths[0]"

TEXTS: list[tuple[str, str, str, str, str]] = [
    # what is written, in place of what -> where, what, todo
    (NAME, "no", f"{AT}.name", "False is not a name", "YAML reads yes, no, on and off"),
    (NAME, "5", f"{AT}.name", "5 is not a name", "quotes"),
    (NAME, "app: to db", "line 3", "not well-formed", "correct this line"),
    (NAME, "!!python/object:os.system x", "line 3", "constructor", "correct this line"),
    (SERVICE, "0755", f"{AT}.service", "begins with a zero", "0 to 65535"),
    (SERVICE, "54:32", f"{AT}.service", "'54:32' is neither a number nor a range", "low-high"),
    (SERVICE, "5432.5", f"{AT}.service", "5432.5 is not a service", "a port"),
    (SERVICE, "0", f"{AT}.service", "port 0", "1 to 65535"),
    (SERVICE, "0x1538", f"{AT}.service", "not a port", "0 to 65535"),
    (SERVICE, "yes", f"{AT}.service", "True is not a service", "a name"),
    (SERVICE, "99999", f"{AT}.service", "outside 0 to 65535", "0 to 65535"),
    (SERVICE, "postgresq", f"{AT}.service", "unknown service", "did you mean 'postgresql'"),
    (SERVICE, "{protokol: tcp}", f"{AT}.service.protokol", "unknown key", "did you mean 'protocol'"),
    (SERVICE, "{protocol: tpc}", f"{AT}.service.protocol", "unknown protocol", "did you mean 'tcp'"),
    (SERVICE, "{protocol: tcp, ports: [9-1]}", f"{AT}.service.ports[0]", "runs backwards", "low-high"),
    (SERVICE, ".nan", "", "a number is too large, or none", "30 digits"),
    (FROM, "{grup: app}", f"{AT}.from.grup", "unknown key", "did you mean 'group'"),
    (FROM, "app", f"{AT}.from", "must be a mapping", "its keys are"),
    (FROM, "{{ group }}", "line 4", "is not a text", "correct this line"),
    (FROM, "{prefix: 10.1}", f"{AT}.from.prefix", "10.1 is not a prefix", "quotes"),
    (FROM, "{addresses: 10.1.1.1}", f"{AT}.from.addresses", "must be a list", "write [10.1.1.1]"),
    (FROM, "{addresses: [10.1.1.9-10.1.1.1]}", f"{AT}.from.addresses[0]", "ascend", "first-last"),
    (FROM, "{addresses: [010.1.1.1]}", f"{AT}.from.addresses[0]", "is not an address", "first-last"),
    (FROM, "{dns: 'a b'}", f"{AT}.from.dns", "no name that DNS", "db.example"),
    (FROM, "{any: 'yes'}", f"{AT}.from.any", "any is 'yes'", "any: true"),
    (FROM, "{any: true, except: [{grup: x}]}", f"{AT}.from.except[0].grup", "unknown key", "'group'"),
    (FROM, "*app", "line 4", "undefined alias", "correct this line"),
    ("    from", "\tfrom", "line 4", "'\\t'", "correct this line"),
    ("title: Shop", "title: [Shop]", "$.title", "is not of type 'string'", "correct"),
    ("title: Shop", "titel: Shop", "$.titel", "unknown keyword", "did you mean 'title'"),
    ("title: Shop", "on: Shop", "line 1", "the key True is not a text", "correct this line"),
    ("requiredPaths", "required_paths", "$.required_paths", "unknown keyword", "'requiredPaths'"),
]
KEYS: list[tuple[str, Any, str, str, str]] = [
    ("severity", "hihg", "severity", "unknown severity", "did you mean 'high'"),
    ("severity", None, "severity", "unknown severity", "known are"),
    ("severity", ["high"], "severity", "unknown severity", "did you mean 'high'"),
    ("owner", 5, "owner", "5 is not a text", "quotes"),
    ("ticket", 123, "ticket", "123 is not a text", "quotes"),
    ("families", "ipv4", "families", "must be a list", "write [ipv4]"),
    ("families", ["ip4"], "families[0]", "unknown family", "did you mean 'ipv4'"),
    ("source_ports", "9-1", "source_ports", "runs backwards", "low-high"),
    ("via", "fw1", "via", "must be a list", "write [fw1]"),
    ("via", [["fw1"]], "via[0]", "is not a name", "no list"),
    ("assume", ["replies_same_leg"], "assume[0]", "unknown assumption", "replies_take_same_leg"),
    ("waiver", {"reason": "x", "expires": "31.12.2026"}, "waiver.expires", "is not a date", "2026-12-31"),
    ("waiver", {"reason": "x", "expires": "2026-02-30"}, "waiver.expires", "is not a date", "2026-12-31"),
    ("waiver", {"reason": "x", "expire": "2026-12-31"}, "waiver.expire", "unknown key", "'expires'"),
    (
        "waiver",
        {"reason": "x", "expires": "2026-12-31", "approved_by": 5},
        "waiver.approved_by",
        "5 is",
        "quotes",
    ),
]
TOPS: list[tuple[str, Any, str, str]] = [
    ("boundaries", "fw1", "$.boundaries", "must be a list"),
    ("boundaries", [], "$.boundaries", "must be a list"),
    ("boundaries", ["fw1"], "$.boundaries[0]", "must be a mapping"),
    ("boundaries", [{"host": "fw1"}], "$.boundaries[0]", "has no 'interface'"),
    ("boundaries", [{"host": "fw1", "iface": "x"}], "$.boundaries[0].iface", "unknown key"),
    ("boundaries", [{"host": "fw1", "interface": 5}], "$.boundaries[0].interface", "5 is not a name"),
]


def told(policy: Any) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load_policy(policy)
    error = caught.value
    assert all((error.what, error.where, error.todo))
    assert len(str(error).splitlines()) <= 5
    return error


@pytest.mark.parametrize(("old", "new", "where", "what", "todo"), TEXTS)
def test_a_slip_of_the_pen(old: str, new: str, where: str, what: str, todo: str) -> None:
    assert old in SHOP
    error = told(SHOP.replace(old, new, 1))
    assert (where in error.where, what in error.what, todo in error.todo) == (True, True, True), str(error)


@pytest.mark.parametrize(("key", "value", "where", "what", "todo"), KEYS)
def test_a_key_of_a_path(key: str, value: Any, where: str, what: str, todo: str) -> None:
    path = {"name": "p", "from": {"group": "app"}, "to": {"group": "db"}, "service": "ssh", key: value}
    error = told({"requiredPaths": [path]})
    assert error.where.partition(" in ")[0] == f"{AT}.{where}"
    assert (what in error.what, todo in error.todo) == (True, True), str(error)


@pytest.mark.parametrize(("key", "value", "where", "what"), TOPS)
def test_a_key_of_the_policy(key: str, value: Any, where: str, what: str) -> None:
    path = {"name": "p", "from": {"group": "app"}, "to": {"group": "db"}, "service": "ssh"}
    error = told({"requiredPaths": [path], key: value})
    assert (error.where.partition(" in ")[0], what in error.what) == (where, True), str(error)


def test_a_range_of_ports_needs_no_quotes() -> None:
    [path] = load_policy(SHOP.replace(SERVICE, "5432-5440")).paths
    assert path.services[0].ports == ((5432, 5440),)


def test_aliases_that_multiply_are_no_way_to_take_all_memory() -> None:
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"{chr(98 + at)}: &{chr(98 + at)} [{','.join([f'*{chr(97 + at)}'] * 10)}]" for at in range(9)]
    assert "parts" in told("\n".join([*lines, ""])).what


def test_of_very_many_mistakes_the_first_is_told() -> None:
    path = "  - {name: p%d, from: {group: app}, to: {group: db}, service: 5432, descripton: x}\n"
    error = told("requiredPaths:\n" + "".join(path % at for at in range(500)))
    assert (error.where.partition(" in ")[0], error.todo) == (
        f"{AT}.descripton",
        "did you mean 'description'?",
    )


LOOP = {"$ref": "#/$defs/a"}
BELOW = {"properties": {"hosts": LOOP}}


@pytest.mark.parametrize(
    ("policy", "where"),
    [
        ({"$defs": {"a": LOOP}, **LOOP}, "$.$defs.a.$ref"),
        (
            {"$defs": {"a": {"allOf": [{"not": LOOP}]}}, "properties": {}, **LOOP},
            "$.$defs.a.allOf[0].not.$ref",
        ),
        ({"anyOf": [{"$ref": "#"}, BELOW]}, "$.anyOf[0].$ref"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": LOOP}, **BELOW}, "$.$defs.a.$ref"),
    ],
)
def test_a_reference_that_never_ends(policy: dict[str, Any], where: str) -> None:
    error = told({key: value for key, value in policy.items() if value})
    assert ("leads back to itself" in error.what, where in error.where) == (True, True), str(error)


def test_a_reference_that_asks_about_a_part_below_ends() -> None:
    tree = {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, LOOP]}}
    assert load_policy({"$defs": {"a": tree}, "properties": {"hosts": LOOP}}).configuration


def test_a_reference_to_an_anchor_is_refused() -> None:
    assert "leads outside" in told({"$defs": {"a": {"$anchor": "x", "type": "object"}}, "$ref": "#x"}).what


def test_a_policy_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    assert "no file that ends" in told(tmp_path / "pipe.yml").what
