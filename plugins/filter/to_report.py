# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that renders reports."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.ansible_values import native, unsafe
from ..plugin_utils.errors import PathGuardError
from ..plugin_utils.render.formats import render


def to_report(report: Any, format: str = "text") -> str:  # noqa: A002 - the option's name
    """See the filter's documentation, beside this file."""
    try:
        found: str = unsafe(render(native(report), native(format)))
    except PathGuardError as error:
        raise AnsibleFilterError(str(error)) from None
    return found


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {"to_report": to_report}
