# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys known_hosts files hold for a host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.gather.known_hosts import (
    KnownKey,
    known_keys,
    names_of,
)

KEY = "AAAAC3NzaC1lZDI1NTE5AAAA"


def hashed(name: str) -> str:
    salt = b"0123456789abcdefghij"
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    ("names", "host", "port", "found"),
    [
        ("fw1", "fw1", 22, True),
        ("FW1", "fw1", 22, True),
        ("fw1,10.0.0.1", "10.0.0.1", 22, True),
        ("fw1", "fw10", 22, False),
        ("*.example.org", "fw1.example.org", 22, True),
        ("fw?", "fw1", 22, True),
        ("*.example.org,!fw1.example.org", "fw1.example.org", 22, False),
        ("[fw1]:2222", "fw1", 2222, True),
        ("[fw1]:2222", "fw1", 22, False),
        ("fw1", "fw1", 2222, True),
        (hashed("fw1"), "fw1", 22, True),
        (hashed("fw1"), "fw2", 22, False),
        (hashed("[fw1]:2222"), "fw1", 2222, True),
        ("|1|broken|hash", "fw1", 22, False),
        ("fd00::1", "fd00::1", 22, True),
    ],
)
def test_names(tmp_path: Path, names: str, host: str, port: int, found: bool) -> None:
    (tmp_path / "known").write_text(f"# a comment\n\nshort line\n{names} ssh-ed25519 {KEY} a comment\n")
    keys = known_keys(names_of(host, port), [str(tmp_path / "known")])
    assert keys == ([KnownKey("ssh-ed25519", KEY)] if found else [])


def test_a_key_with_the_port_outranks_one_without(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("fw1 ssh-rsa AAAA\n[fw1]:2222 ssh-rsa BBBB\n")
    assert known_keys(names_of("fw1", 2222), [str(tmp_path / "known")]) == [KnownKey("ssh-rsa", "BBBB")]


def test_markers(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("@revoked fw1 ssh-rsa AAAA\n@cert-authority fw1 ssh-rsa BBBB\n")
    assert known_keys(["fw1"], [str(tmp_path / "known")]) == [KnownKey("ssh-rsa", "AAAA", revoked=True)]


def test_files_that_cannot_be_read_hold_no_keys(tmp_path: Path) -> None:
    assert known_keys(["fw1"], [str(tmp_path / "none"), str(tmp_path)]) == []
