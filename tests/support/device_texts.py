# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of devices as text, read and asked: what tests of their parsers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.verdicts import Questions
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.parse import parse_platform


def state(platform: str, text: str, **other_outputs: str) -> State:
    """What a device with the configuration ``text`` is known to be. ``other_outputs``: texts of further commands
    by their stable names (``gather/devices.py``)."""
    texts = {"running_config": text, **other_outputs}
    return parse_platform(
        platform, "r1", {name: RawOutput(name, name, None, dedent(shown)) for name, shown in texts.items()}
    )


def verdict(
    platform: str, text: str, flow: Mapping[str, Any], ruleset: str | None = None, **other_outputs: str
) -> str:
    """permit, deny, unknown or mixed: what the device does with ``flow``, or its list ``ruleset``."""
    answer = Questions(state(platform, text, **other_outputs)).verdict(flow, ruleset)
    return str(answer["verdict"])
