# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path policy over a Cisco ASA that translates: replies find their way back, and lists see real addresses."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.validate import validate
from tests.support import asa_texts, device_texts
from tests.support.states import host

CONFIG = f"""\
{asa_texts.APP_AND_DB}object network db1
 host 10.20.1.10
 nat (db,app) static 10.10.1.77
access-list APP extended permit tcp 10.10.1.0 255.255.255.0 host {{seen}} eq 5432
access-group APP in interface app
"""


def path(seen: str, asked: str, more: str = "") -> dict[str, Any]:
    """What a path to the database by the address ``asked`` is."""
    states = {
        "app1": host("app1", {"eth0": ["10.10.1.5/24"]}, {"0.0.0.0/0": ["10.10.1.1 eth0"], "10.10.1.77/32": ["10.10.1.1 eth0"]}),
        "r1": device_texts.state("cisco_asa", CONFIG.format(seen=seen) + more, routes4=asa_texts.APP_AND_DB_ROUTES),
        "db1": host("db1", {"eth0": ["10.20.1.10/24"]}, {"0.0.0.0/0": ["10.20.1.1 eth0"]}),
    }  # fmt: skip
    to = {"addresses": [asked]}
    wanted = {"name": "p", "from": {"host": "app1"}, "to": to, "service": "postgresql"}
    groups = {"all": list(states)}
    found: dict[str, Any] = validate(load_policy({"requiredPaths": [wanted]}), states, groups)["paths"][0]
    return found


@pytest.mark.parametrize(
    ("seen", "asked", "status"),
    [
        ("10.20.1.10", "10.10.1.77", "open"),
        ("10.10.1.77", "10.10.1.77", "blocked"),  # the list has the mapped address
        ("10.20.1.10", "10.20.1.10", "blocked"),  # its answers would be translated
    ],
)
def test_a_translated_database(seen: str, asked: str, status: str) -> None:
    assert path(seen, asked)["status"] == status


def test_an_app_that_is_hidden_behind_an_address() -> None:
    hidden = "nat (app,db) after-auto source dynamic any interface\n"
    assert path("10.20.1.10", "10.10.1.77", hidden)["status"] == "open"
