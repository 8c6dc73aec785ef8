# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small lab, documented: states and policies in, pages out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.audit.given import Given
from ansible_collections.pathguard.network.plugins.plugin_utils.document.pages import FORMATS, pages
from ansible_collections.pathguard.network.plugins.plugin_utils.document.site import (
    Known,
    SiteDocument,
    site_document,
)
from ansible_collections.pathguard.network.plugins.plugin_utils.model.state import State
from ansible_collections.pathguard.network.plugins.plugin_utils.policy.read import load_policy
from tests.support.report_documents import policy
from tests.support.states import GROUPS, app_rule, forward, match, small_lab

SSH = ("tcp dport 22 accept", match(proto="tcp", dport=22))


def lab(*rules: Any) -> dict[str, State]:
    return small_lab(fw1=[forward(*(rules or (app_rule(), SSH)))])


def site(
    states: Mapping[str, State],
    *policies: dict[str, Any],
    errors: Mapping[str, str] | None = None,
) -> SiteDocument:
    given = [
        Given(f"policies/{index}.yml", load_policy(one)) for index, one in enumerate(policies or (policy(),))
    ]
    known = Known(states, GROUPS, {}, errors or {}, lambda _policy: None)
    return site_document("The shop's network", given, known, lambda _text: None)


def written(
    states: Mapping[str, State],
    *policies: dict[str, Any],
    errors: Mapping[str, str] | None = None,
) -> dict[str, str]:
    return pages(site(states, *policies, errors=errors), FORMATS)
