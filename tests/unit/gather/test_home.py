# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths with a tilde: somebody's home, or one clear error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.baseline import open_baseline
from ansible_collections.pathguard.network.plugins.plugin_utils.audit.given import read_policies
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.known_hosts import known_keys
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.snapshot import files_named
from ansible_collections.pathguard.network.plugins.plugin_utils.home import expanded
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy

NOBODYS = "~nobody-has-this-name/shop.yml"


def test_the_home_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ops")
    assert expanded("~/policies") == Path("/home/ops/policies")
    assert expanded("policies/~x") == Path("policies/~x")


@pytest.mark.parametrize(
    "read",
    [
        expanded,
        load_policy,
        lambda path: read_policies(path, Path("/")),
        lambda path: read_policies(f"{path},other.yml", Path("/")),
        lambda path: open_baseline(path, Path("/")),
        lambda path: files_named(path, Path("/"), "snapshots"),
        lambda path: files_named([path], Path("/"), "snapshots"),
    ],
)
def test_the_home_of_nobody_is_one_clear_error(read: Callable[[Any], Any]) -> None:
    with pytest.raises(
        PathGuardError, match="no home folder that ~nobody-has-this-name stands for"
    ) as caught:
        read(NOBODYS)
    assert caught.value.where.startswith(NOBODYS)
    assert len(str(caught.value).splitlines()) <= 5


def test_the_known_hosts_of_nobody_know_none() -> None:
    assert known_keys(["db1"], [NOBODYS]) == []
