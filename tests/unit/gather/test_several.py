# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several bad hosts at once: each is named with its own reason, in at most five lines."""

from __future__ import annotations

import pickle

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import (
    MAX_LINES,
    GatherError,
    PathGuardError,
    UnreachableError,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.action import failure
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.several import (
    LINE_WIDTH,
    HostsError,
    several,
    some,
)

DOWN = UnreachableError(
    "the host does not answer within 10 s", "a (ops@192.0.2.1 port 22)", "check that it is up"
)
PASSWORD = UnreachableError(
    "the host refuses the login", "b (ops@192.0.2.2 port 22)", "check ansible_password"
)
KEY = UnreachableError(
    "the host key is not known: ssh-ed25519 SHA256:x", "c (ops@192.0.2.3 port 22)", "compare it"
)


def test_each_host_has_its_own_reason() -> None:
    assert str(several({"a": DOWN, "b": PASSWORD, "c": KEY}, 5, "read")).splitlines() == [
        "3 of 5 hosts could not be read:",
        "a (ops@192.0.2.1 port 22): the host does not answer within 10 s; check that it is up",
        "b (ops@192.0.2.2 port 22): the host refuses the login; check ansible_password",
        "c (ops@192.0.2.3 port 22): the host key is not known: ssh-ed25519 SHA256:x; compare it",
    ]


@pytest.mark.parametrize("count", [2, 4, 5, 7, 300])
def test_it_is_bounded_whatever_fails(count: int) -> None:
    errors: dict[str, PathGuardError] = {
        f"host{index}": GatherError("word " * 200, "x" * 300, "do " * 200) for index in range(count)
    }
    lines = str(several(errors, count, "read")).splitlines()
    assert len(lines) <= MAX_LINES
    assert max(len(line) for line in lines) <= LINE_WIDTH
    assert ("more" in lines[-1]) is (count > 4)


def test_what_is_not_told_is_counted_and_named() -> None:
    errors = {f"h{index}": DOWN for index in range(7)}
    assert str(several(errors, 7, "read")).splitlines()[-1] == (
        "and 4 more (h3, h4, h5 and 1 more): see 'errors' in the task's result"
    )


def test_one_bad_host_among_several_is_told_as_itself() -> None:
    error = several({"a": GatherError("sudo refuses the password", "192.0.2.1", "check it")}, 9, "read")
    assert (str(error).splitlines(), type(error)) == (
        ["sudo refuses the password", "where: a: 192.0.2.1", "what to do: check it"],
        GatherError,
    )


def test_a_result_has_every_hosts_whole_error() -> None:
    result = failure({"a": DOWN, "b": PASSWORD}, 3, "read")
    assert result["failed"] is True
    assert result["errors"] == {"a": str(DOWN), "b": str(PASSWORD)}
    assert failure({}, 3, "read") == {}


def test_it_can_be_copied_between_processes() -> None:
    error = several({"a": DOWN, "b": PASSWORD}, 3, "read")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(again, HostsError)
    assert str(again) == str(error)


def test_a_list_of_names() -> None:
    assert [some(list("abcd"), limit) for limit in (2, 4)] == ["a, b and 2 more", "a, b, c, d"]
