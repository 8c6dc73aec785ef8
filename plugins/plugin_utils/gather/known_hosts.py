# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host keys the user's known_hosts files hold for a host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

DEFAULT_FILES = (
    "~/.ssh/known_hosts",
    "~/.ssh/known_hosts2",
    "/etc/ssh/ssh_known_hosts",
    "/etc/ssh/ssh_known_hosts2",
)
DEFAULT_PORT = 22


@dataclass(frozen=True)
class KnownKey:
    """``kind``: ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256, ... ``blob``: the key in base64."""

    kind: str
    blob: str
    revoked: bool = False


def names_of(host: str, port: int) -> list[str]:
    """The names under which a host's key may stand: with its port, then, as OpenSSH does, without."""
    return [host] if port == DEFAULT_PORT else [f"[{host}]:{port}", host]


def known_keys(names: Iterable[str], files: Iterable[str]) -> list[KnownKey]:
    """The keys of the first name that has any. Files that are missing or can't be read hold no keys.

    Certificate authorities (``@cert-authority``) are left out: paramiko can't check host certificates.
    """
    lines = [line for file in files for line in _lines(file)]
    for name in names:
        keys = [key for patterns, key in lines if _matches(name.lower(), patterns)]
        if keys:
            return keys
    return []


def _lines(file: str) -> Iterator[tuple[str, KnownKey]]:
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8", errors="replace")
    except (OSError, RuntimeError):  # the home of nobody
        return
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        if len(words) < 3 or marker == "@cert-authority":
            continue
        yield words[0], KnownKey(words[1], words[2], revoked=marker == "@revoked")


def _matches(name: str, patterns: str) -> bool:
    if patterns.startswith("|1|"):
        return _hash_matches(name, patterns)
    found = False
    for pattern in patterns.lower().split(","):
        negated = pattern.startswith("!")
        # Brackets stand for themselves in these patterns, and would be a character class to fnmatch.
        if fnmatch.fnmatchcase(name, pattern.lstrip("!").replace("[", "[[]")):
            if negated:
                return False
            found = True
    return found


def _hash_matches(name: str, hashed: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in hashed[len("|1|") :].split("|"))
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
