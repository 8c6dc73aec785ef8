# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values on their way from Ansible into the engine, and back.

Where the versions of ansible-core differ: before 2.19 text may be of an unsafe kind, and text that is not
marked so is a template wherever it is read; from 2.19 on every value may carry tags, and only text that is
tagged as trusted is a template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from ansible.release import __version__
from ansible.utils import unsafe_proxy

UNTRUSTED_BY_DEFAULT = tuple(int(part) for part in __version__.split(".")[:2]) >= (2, 19)


def native(value: Any) -> Any:
    """The value in plain Python types. Done once, at a plugin's entry; what is no plain type becomes text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Mapping):
        return {native(key): native(item) for key, item in value.items()}
    if isinstance(value, (Sequence, Set)) and not isinstance(value, (bytes, bytearray)):
        return [native(item) for item in value]
    return str(value)


def unsafe(value: Any) -> Any:
    """The value with all its text marked as data: what came from a device is never run as a template."""
    return value if UNTRUSTED_BY_DEFAULT else unsafe_proxy.wrap_var(value)
