# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmiko and paramiko, where they are installed; everything else works without them."""

from __future__ import annotations

import logging

from ansible.module_utils.basic import missing_required_lib

from ..errors import GatherError

NETMIKO_ERROR: ImportError | None = None
try:
    import netmiko
    import paramiko
except ImportError as error:
    NETMIKO_ERROR = error
    # The modules that use them can then still be imported; `require` comes before any use.
    netmiko = paramiko = None  # type: ignore[assignment]

__all__ = ["NETMIKO_ERROR", "netmiko", "paramiko", "require", "silence"]

URL = "https://pypi.org/project/netmiko/"


def require(where: str) -> None:
    """Raises GatherError if netmiko can't be imported."""
    if NETMIKO_ERROR is not None:
        raise GatherError(
            " ".join(missing_required_lib("netmiko", url=URL).split()),
            f"{where}: {NETMIKO_ERROR}",
            "install it on the controller or in the execution environment; without it there are transport: connection "
            "(Linux) and files",
        )


def silence() -> None:
    """Keep both libraries from logging.

    paramiko's threads log whole tracebacks of a failed login, which Python prints to stderr where nobody has
    configured logging; and at level DEBUG both would write what goes over the wire to Ansible's log file.
    What matters of a failure is in the error that is raised.
    """
    for name in ("netmiko", "paramiko"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
