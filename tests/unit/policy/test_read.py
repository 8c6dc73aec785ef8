# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake in a policy is one clear error at its JSON path, before anything is gathered."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MAX_LINES, PolicyError
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.inventory import (
    check_against_inventory,
    hosts_needed,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.paths import Waiver
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.services import known_services
from tests.support.states import GROUPS

SHOP = """
$schema: urn:pathguard:schema:path-policy:1
title: Shop, application to database
requiredPaths:
  - name: app to primary
    from: {group: app}
    to: {group: db_primary}
    service: postgresql
  - name: app to standby, so that a failover works when it is needed
    from: {group: app}
    to: {group: db_standby}
    service: {protocol: tcp, ports: [5432, "6432-6440"]}
    via: [fw1]
forbiddenPaths:
  - name: nothing else reaches the databases
    from: {any: true, except: [{group: app}, {prefix: 10.9.0.0/24}]}
    to: {group: db}
    service: [postgresql, mysql]
properties:
  hosts:
    required: [fw1]
    properties:
      fw1:
        required: [rulesets]
        properties:
          rulesets:
            required: [inet/filter/forward]
            properties:
              inet/filter/forward: {required: [default_action], properties: {default_action: {const: deny}}}
"""
ONE = {"name": "a", "from": {"group": "app"}, "to": {"group": "db"}, "service": "postgresql"}


def path(**changes: object) -> dict[str, object]:
    return {"requiredPaths": [{**ONE, **changes}]}


def test_the_policy_of_the_design_is_read() -> None:
    policy = load_policy(SHOP)
    assert [item.name for item in policy.paths] == [
        "app to primary",
        "app to standby, so that a failover works when it is needed",
        "nothing else reaches the databases",
    ]
    assert policy.configuration
    standby = policy.paths[1]
    assert standby.services[0].ports == ((5432, 5432), (6432, 6440))
    assert standby.via == ("fw1",)
    nothing_else = policy.paths[2]
    assert not nothing_else.required
    assert [item.kind for item in nothing_else.source.excepted] == ["hosts", "addresses"]
    assert hosts_needed(policy, GROUPS) == [*GROUPS["app"], "db1", "db2", "fw1"]


@pytest.mark.parametrize(
    ("old", "new", "where", "todo"),
    [
        ("from: {group: app}", "from: {grop: app}", "$.requiredPaths[0].from.grop", "'group'"),
        ("service: postgresql", "service: postgresq", "$.requiredPaths[0].service", "'postgresql'"),
        ("10.9.0.0/24", "10.9.0.1/24", "$.forbiddenPaths[0].from.except[1].prefix", "10.9.0.0/24"),
        ("const: deny", "cosnt: deny", "default_action.cosnt", "'const'"),
        ("required: [default_action]", "required: [defualt_action]", "required[0]", "'default_action'"),
        ("        required: [rulesets]", "        required: [rulesest]", "fw1.required[0]", "'rulesets'"),
        ('"6432-6440"', '"6440-6432"', "$.requiredPaths[1].service.ports[1]", "0 to 65535"),
        ('"6432-6440"', '"6432-70000"', "$.requiredPaths[1].service.ports[1]", "0 to 65535"),
        (
            "name: app to primary",
            "name: nothing else reaches the databases",
            "$.forbiddenPaths[0].name",
            "rename",
        ),
        ("protocol: tcp", "protocol: tpc", "$.requiredPaths[1].service.protocol", "'tcp'"),
        ("requiredPaths:", "requiredPath:", "$.requiredPath", "'requiredPaths'"),
        ("title: Shop, application to database", "$ref: http://example.org/x", "$.$ref", "#/$defs"),
        ("title: Shop, application to database", "format: ipv4", "$.format", "pattern"),
        (
            "urn:pathguard:schema:path-policy:1",
            "urn:pathguard:schema:path-policy:2",
            "$.$schema",
            "path-policy:1",
        ),
        ("any: true", "any: false", "$.forbiddenPaths[0].from.any", "any: true"),
        ("    via: [fw1]", "    via: []", "$.requiredPaths[1].via", "at least one"),
        ("    via: [fw1]", "    severity: fatal", "$.requiredPaths[1].severity", "known are: critical"),
        (
            "    via: [fw1]",
            "    assume: [all_is_well]",
            "$.requiredPaths[1].assume[0]",
            "known are: applications_identified",
        ),
        ("    via: [fw1]", "    from: {group: db}", "line 13", "correct this line"),
    ],
)
def test_a_mistake_is_told_with_its_path_and_a_cure(old: str, new: str, where: str, todo: str) -> None:
    assert old in SHOP
    with pytest.raises(PolicyError) as caught:
        load_policy(SHOP.replace(old, new, 1))
    assert where in caught.value.where
    assert todo in caught.value.todo
    assert len(str(caught.value).splitlines()) <= MAX_LINES


@pytest.mark.parametrize(
    ("policy", "where"),
    [
        ({}, "the inline policy"),
        ({"title": "nothing asked"}, "$"),
        ({"requiredPaths": []}, "$.requiredPaths"),
        ({"$defs": {"x": {"type": "object"}}}, "$"),
        (path(service=[]), "$.requiredPaths[0].service"),
        (path(service="any"), "$.requiredPaths[0].service"),
        (path(service={"ports": [1]}), "$.requiredPaths[0].service"),
        (path(service={"protocol": "gre", "ports": [1]}), "$.requiredPaths[0].service.ports"),
        (path(service=70000), "$.requiredPaths[0].service"),
        (path(service=True), "$.requiredPaths[0].service"),
        ({"requiredPaths": [{**ONE, "from": {}}]}, "$.requiredPaths[0].from"),
        ({"requiredPaths": [{**ONE, "from": {"group": "a", "host": "b"}}]}, "$.requiredPaths[0].from"),
        (
            {"requiredPaths": [{**ONE, "to": {"prefixes": ["10.0.0.0/33"]}}]},
            "$.requiredPaths[0].to.prefixes[0]",
        ),
        (
            {"requiredPaths": [{**ONE, "to": {"addresses": ["db.example"]}}]},
            "$.requiredPaths[0].to.addresses[0]",
        ),
        (path(families=["ipv5"]), "$.requiredPaths[0].families[0]"),
        (path(waiver={"reason": "x", "expires": "tomorrow"}), "$.requiredPaths[0].waiver.expires"),
        (path(waiver={"expires": "2027-01-01"}), "$.requiredPaths[0].waiver"),
        ({"properties": {"hosts": {"requiredPaths": [ONE]}}}, "$.properties.hosts.requiredPaths"),
        ({"properties": {}}, "$.properties"),
        ({"allOf": [{"$ref": "#/$defs/missing"}], "$defs": {"present": True}}, "$.allOf[0].$ref"),
        ({"properties": {"host": {"type": "object"}}}, "$.properties.host"),
    ],
)
def test_a_policy_never_asks_for_nothing(policy: dict[str, object], where: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(policy)
    assert caught.value.where.removesuffix(" in the inline policy") == where


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"requiredPaths": [], "requiredPaths": []}', "stands twice"),
        ("requiredPaths: [\n", "not well-formed"),
        ("- a\n- b\n", "not a mapping"),
        ("a: !!python/object:os.system {}\n", "not well-formed"),
        ("1: x\n2: y\n", "is not a text"),
    ],
)
def test_a_malformed_document_is_told(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(text)
    assert said in caught.value.what


def test_a_file_is_read_from_the_given_folder(tmp_path: Path) -> None:
    (tmp_path / "shop.json").write_text(json.dumps(path()), encoding="utf-8")
    assert load_policy("shop.json", tmp_path).paths[0].name == "a"
    with pytest.raises(PolicyError, match="can't be read"):
        load_policy("missing.yml", tmp_path)


def test_a_date_in_yaml_is_a_waivers_last_day() -> None:
    text = "requiredPaths:\n- {name: a, from: {group: app}, to: {group: db}, service: ssh, waiver: {reason: r, expires: 2027-01-31}}\n"
    waiver = load_policy(text).paths[0].waiver
    assert waiver == Waiver("r", datetime.date(2027, 1, 31))
    assert waiver.active(datetime.date(2027, 1, 31))
    assert not waiver.active(datetime.date(2027, 2, 1))


@pytest.mark.parametrize(
    ("changes", "where", "todo"),
    [
        ({"from": {"group": "apps"}}, "$.requiredPaths[0].from.group", "'app'"),
        ({"from": {"host": "app1"}}, "$.requiredPaths[0].from.host", "app01"),
        ({"from": {"hosts": ["app01", "nobody"]}}, "$.requiredPaths[0].from.hosts[1]", "known are"),
        ({"from": {"group": "empty"}}, "$.requiredPaths[0].from", "empty end"),
        ({"from": {"group": "app", "except": {"group": "app"}}}, "$.requiredPaths[0].from", "empty end"),
        ({"via": ["fw9"]}, "$.requiredPaths[0].via[0]", "fw"),
    ],
)
def test_names_that_the_inventory_lacks_are_told(changes: dict[str, object], where: str, todo: str) -> None:
    policy = load_policy(path(**changes))
    with pytest.raises(PolicyError) as caught:
        check_against_inventory(policy, {**GROUPS, "empty": []})
    assert caught.value.where == where
    assert todo in caught.value.todo


def test_services_by_name_number_and_protocol() -> None:
    assert {
        "postgresql",
        "mysql",
        "mssql",
        "oracle",
        "mongodb",
        "redis",
        "ssh",
        "http",
        "https",
        "dns",
    } <= set(known_services())
    services = (
        load_policy(path(service=["dns", 8080, "514/udp", {"protocol": "icmp", "types": [8]}, "ping"]))
        .paths[0]
        .services
    )
    assert [(item.protocol, item.ports, item.types) for item in services] == [
        (6, ((53, 53),), None),
        (17, ((53, 53),), None),
        (6, ((8080, 8080),), None),
        (17, ((514, 514),), None),
        (1, None, ((8, 8),)),
        (1, None, ((8, 8),)),
        (58, None, ((128, 128),)),
    ]
