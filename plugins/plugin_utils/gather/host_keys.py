# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host keys as this login needs them: what is trusted, and what to say of a key that is not."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import UnreachableError
from .access import OFF, STRICT
from .known_hosts import KnownKey, known_keys, names_of
from .ssh_settings import SshSettings

# What paramiko can check, in the order that it should ask for.
KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
)


def fingerprint(blob: bytes) -> str:
    """As ssh-keygen -l shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _trusted(settings: SshSettings) -> list[KnownKey]:
    if settings.host_keys == OFF:
        return []
    keys = known_keys(names_of(settings.host_key_name, settings.port), settings.known_hosts)
    revoked = {key.blob for key in keys if key.revoked}
    usable = [key for key in keys if key.kind in KINDS and key.blob not in revoked]
    return sorted(usable, key=lambda key: KINDS.index(key.kind))


@contextmanager
def trusted_file(settings: SshSettings) -> Iterator[str]:
    """A file for the length of one login with this host's keys alone, under the name that paramiko asks for.

    paramiko itself reads one known_hosts file, and knows neither wildcards nor HostKeyAlias.
    """
    name = names_of(settings.host, settings.port)[0]
    handle, path = tempfile.mkstemp(prefix="pathguard-known-hosts-")
    try:
        with os.fdopen(handle, "w", encoding="ascii", errors="ignore") as file:
            file.writelines(f"{name} {key.kind} {key.blob}\n" for key in _trusted(settings))
        yield path
    finally:
        Path(path).unlink()


class HostKeyPolicy:
    """What paramiko asks about a key of a host that has none on file (paramiko.MissingHostKeyPolicy)."""

    def __init__(self, settings: SshSettings, where: str) -> None:
        self._settings = settings
        self._where = where

    def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
        if self._settings.host_keys != STRICT:
            return
        scan = f"ssh-keyscan -p {self._settings.port} {self._settings.host}"
        raise UnreachableError(
            f"the host key is not known: {key.get_name()} {fingerprint(key.asbytes())}; nothing was sent",
            self._where,
            f"compare it with the host's own (see '{scan}'), then add it to {self._settings.known_hosts[0]}",
        )


def changed(settings: SshSettings, where: str, key: Any) -> UnreachableError:
    return UnreachableError(
        f"the host key has changed to {key.get_name()} {fingerprint(key.asbytes())}; nothing was sent",
        where,
        "find out why (another machine? a new installation?); if it is right, "
        f"'ssh-keygen -R {names_of(settings.host_key_name, settings.port)[0]}' and add the new key",
    )
