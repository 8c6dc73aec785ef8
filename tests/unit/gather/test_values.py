# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values from Ansible, and secrets in messages."""

from __future__ import annotations

# pylint: disable=unidiomatic-typecheck  # a tagged value is an instance of str, and its type is another
from typing import Any

import pytest
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.pathguard.network.plugins.plugin_utils.ansible_values import native, unsafe
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess, scrub
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.hosts import truth


class Text(str):
    __slots__ = ()


class Number(int):
    pass


def plain(value: Any) -> bool:
    if isinstance(value, dict):
        return type(value) is dict and all(plain(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return type(value) is list and all(plain(item) for item in value)
    return type(value) in (str, int, float, bool, type(None))


def test_native_is_plain_all_the_way_down() -> None:
    value = {
        Text("a"): [Text("b"), Number(3), 1.5, True, None, (Text("c"),)],
        "d": {"e": wrap_var("{{ f }}")},
    }
    assert native(value) == {"a": ["b", 3, 1.5, True, None, ["c"]], "d": {"e": "{{ f }}"}}
    assert plain(native(value))


def test_tagged_values_of_newer_cores() -> None:
    tags = pytest.importorskip("ansible.template", reason="always there").__dict__
    trust = tags.get("trust_as_template", lambda text: text)
    assert type(native(trust("{{ x }}"))) is str


def test_unsafe_keeps_the_value() -> None:
    value = {"rules": ["{{ lookup('pipe', 'id') }}", 1, None]}
    assert unsafe(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [("yes", True), ("True", True), (1, True), ("no", False), ("", False), (False, False)],
)
def test_truth(value: Any, expected: bool) -> None:
    assert truth(value) is expected


def test_scrub_blots_out_the_longest_first() -> None:
    assert scrub("pass password pass", ["pass", "password"]) == "******** ******** ********"
    assert scrub("text", []) == "text"


def test_an_access_shows_no_secret() -> None:
    access = HostAccess("h", "h", password="s1", key_passphrase="s2", become_password="s3")
    assert not any(secret in repr(access) for secret in ("s1", "s2", "s3"))
    assert access.scrub("s1 s2 s3") == "******** ******** ********"
