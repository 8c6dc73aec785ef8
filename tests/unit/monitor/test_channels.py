# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is set, and from the environment, to channels."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.action import monitor_step as module
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
