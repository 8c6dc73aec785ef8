# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is set, and from the environment, to channels."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.action import monitor_step as module
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import MonitorError
from ansible_collections.pathguard.network.plugins.plugin_utils.notify.webhook import Webhook

URL = "https://hooks.example.com/1"


def channels(*webhooks: dict[str, str]) -> list[Any]:
    given = [{"shape": "generic", "token": "", **item} for item in webhooks]
    return module._channels({"webhooks": given, "mail": None, "channel_timeout": 5.0})


def test_each_webhook_has_its_own_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.WEBHOOK_TOKEN, "of the environment")
    found = channels({"url": URL, "token": "t0k3n"}, {"url": URL})
    assert [(one.url, one.token) for one in found if isinstance(one, Webhook)] == [(URL, "t0k3n"), (URL, "")]


def test_the_environments_webhook_has_the_environments_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.WEBHOOK_URL, URL)
    monkeypatch.setenv(module.WEBHOOK_SHAPE, "slack")
    monkeypatch.setenv(module.WEBHOOK_TOKEN, "t0k3n")
    [found] = channels()
    assert (found.url, found.shape, found.token) == (URL, "slack", "t0k3n")


def test_the_environments_token_goes_with_the_option_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL of the vault, and a token of a credential; one that has its own keeps it."""
    monkeypatch.setenv(module.WEBHOOK_TOKEN, "of the environment")
    assert [one.token for one in channels({"url": URL})] == ["of the environment"]
    assert [one.token for one in channels({"url": URL, "token": "t0k3n"})] == ["t0k3n"]


def test_a_token_of_another_receiver_stays_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.WEBHOOK_TOKEN, "of the environment")
    monkeypatch.setenv(module.WEBHOOK_URL, "https://other.example.com/2")
    assert [one.token for one in channels({"url": URL})] == [""]
    monkeypatch.setenv(module.WEBHOOK_URL, URL)
    assert [one.token for one in channels({"url": URL})] == ["of the environment"]


def test_a_bad_url_is_told_by_what_it_was_given_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.WEBHOOK_URL, "hooks.example.com/s3cr3t")
    told = []
    for given in ([], [{"url": "s3cr3t"}], [{"url": URL}, {"url": "s3cr3t"}]):
        with pytest.raises(MonitorError, match="this is no URL of a webhook") as caught:
            channels(*given)
        told.append(caught.value.where)
        assert "s3cr3t" not in str(caught.value)
    assert told == [
        "the environment variable PATHGUARD_WEBHOOK_URL",
        "path_monitor_webhook_url",
        "path_monitor_webhooks, number 2",
    ]


def test_hosts_that_have_changed_must_be_of_the_inventory() -> None:
    """A host that is named otherwise would leave nothing to look at, and nobody would notice."""
    said: list[str] = []
    step = object.__new__(module.ActionModule)
    step.say = said.append
    step._check_only({"only": None}, ["fw1"])
    step._check_only({"only": ["fw1"]}, ["fw1"])
    assert said == []
    step._check_only({"only": ["fw1", "FW1.example.com"]}, ["fw1"])
    assert "FW1.example.com" in said[0]
    with pytest.raises(
        MonitorError, match=r"none of these is a host of the inventory: FW1.example.com"
    ) as caught:
        step._check_only({"only": ["FW1.example.com"]}, ["fw1"])
    assert caught.value.where == "path_monitor_only"


def test_the_last_line_counts_paths_and_no_facts_that_nobody_asks_for() -> None:
    paths = {
        name: {"good": good, "status": "open", "satisfied": "yes", "connections": ""}
        for name, good in (("a", True), ("b", False), (module.FACTS, True))
    }
    found = module.Outcome(rounds=1, paths=paths)
    line = "1 round: 1 of 2 paths as wanted; not: b; 0 notices"
    assert module._summary(found, ["b"], True) == f"{line}, 0 delivered"
    assert module._summary(found, ["b"], False) == f"{line} (no webhook or mail is set)"


@pytest.mark.parametrize("policy", [None, "", {}])
def test_a_monitor_without_a_policy_is_one_clear_error(policy: object) -> None:
    with pytest.raises(MonitorError, match="which policy is meant") as caught:
        object.__new__(module.ActionModule).work({"policy": policy}, {})
    assert caught.value.where == "path_monitor_policy"
