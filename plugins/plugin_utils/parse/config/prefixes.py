# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of interfaces, as configurations write them."""

from __future__ import annotations

import ipaddress


def with_length(words: list[str]) -> str:
    """``A/L ...`` or ``A MASK ...`` as ``A/L``; empty for what is no address (``dhcp``, ``use-link-local-only``)."""
    if not words or (words[0][:1].isalpha() and ":" not in words[0]):
        return ""
    text = words[0] if "/" in words[0] else "/".join(words[:2])
    try:
        return str(ipaddress.ip_interface(text))
    except ValueError:
        return ""
