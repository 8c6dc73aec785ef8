# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Persistent firewall configuration: the files from which rules are loaded at boot."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import re
import stat
from typing import Any, Dict, Iterable, Iterator

from .host import AgentError, sync_folder, write_bytes

# Files, and folders with all that is in them. Where distributions and front ends keep their rules.
ROOTS = (
    "/etc/nftables.conf",
    "/etc/nftables",
    "/etc/nftables.d",
    "/etc/sysconfig/nftables.conf",
    "/etc/iptables",
    "/etc/sysconfig/iptables",
    "/etc/sysconfig/ip6tables",
    "/etc/sysconfig/ipset",
    "/etc/ipset.conf",
    "/etc/ipset.d",
    "/etc/ufw",
    "/etc/default/ufw",
    "/etc/firewalld",
    "/etc/ferm",
    "/etc/shorewall",
    "/etc/shorewall6",
)
# Which of them nft reads, and so may hold `include`.
_NFT_FILES = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf")
# nft(8), include: a relative path is looked up in the folder that nft was built with.
_NFT_FOLDER = "/etc"
_INCLUDE = re.compile(r'^\s*include\s+"([^"]+)"', re.MULTILINE)

SIZE_LIMIT = 64 * 1024 * 1024
_LABEL = "security.selinux"

Files = Dict[str, Dict[str, Any]]


def _below(path: str) -> Iterator[str]:
    """A path's files and links, itself included, in a stable order."""
    if not os.path.isdir(path) or os.path.islink(path):
        if os.path.lexists(path):
            yield path
        if os.path.isfile(path) and os.path.islink(path):
            yield os.path.realpath(path)
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names + [name for name in folders if os.path.islink(os.path.join(folder, name))]):
            yield os.path.join(folder, name)


def _included(path: str, seen: set[str]) -> Iterator[str]:
    if path in seen or not os.path.isfile(path):
        return
    seen.add(path)
    with open(path, encoding="utf-8", errors="replace") as file:
        patterns = _INCLUDE.findall(file.read())
    for pattern in patterns:
        for found in sorted(glob.glob(os.path.join(_NFT_FOLDER, pattern))):
            for each in _below(found):
                yield each
                yield from _included(each, seen)


def _paths(roots: Iterable[str]) -> list[str]:
    found: list[str] = []
    seen: set[str] = set()
    for root in roots:
        found += _below(root)
    for path in _NFT_FILES:
        found += _included(path, seen)
    return list(dict.fromkeys(found))


def _describe(path: str) -> dict[str, Any] | None:
    status = os.lstat(path)
    entry: dict[str, Any] = {"mode": stat.S_IMODE(status.st_mode), "uid": status.st_uid, "gid": status.st_gid}
    if stat.S_ISLNK(status.st_mode):
        return dict(entry, link=os.readlink(path))
    if not stat.S_ISREG(status.st_mode):
        return None
    with open(path, "rb") as file:
        entry["content"] = file.read().decode("latin-1")
    with contextlib.suppress(OSError):  # a file system without labels
        entry["label"] = os.getxattr(path, _LABEL).decode("latin-1")
    return entry


def read_saved(roots: Iterable[str] = ROOTS, also: Iterable[str] = ()) -> Files:
    """path -> {mode, uid, gid, content | link, label?}; ``content`` is bytes as latin-1. ``also``: more
    paths.
    """
    files: Files = {}
    size = 0
    for path in [*_paths(roots), *also]:
        try:
            entry = None if path in files else _describe(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise AgentError(
                f"{path} can't be read: {error.strerror}", "the agent needs root's rights"
            ) from None
        if entry is not None:
            files[path] = entry
            size += len(entry.get("content", ""))
        if size > SIZE_LIMIT:
            raise AgentError(
                f"the firewall's configuration is larger than {SIZE_LIMIT >> 20} MB, at {path}",
                "move what is no rules out of the folder",
            )
    return files


def saved_digest(files: Files) -> str:
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(repr((path, sorted(files[path].items()))).encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def saved_changed(recorded: Files, live: Files) -> list[str]:
    return sorted(path for path in {*recorded, *live} if recorded.get(path) != live.get(path))


def put_saved(recorded: Files, paths: Iterable[str], attic: str) -> list[str]:
    """Put files back as recorded; those that were not there are moved to the folder ``attic``. Returns
    complaints.
    """
    complaints: list[str] = []
    for path in paths:
        try:
            _put(path, recorded.get(path), attic)
        except OSError as error:
            complaints.append(f"{path} could not be put back: {error.strerror}")
    return complaints


def _put(path: str, entry: dict[str, Any] | None, attic: str) -> None:
    folder = os.path.dirname(path)
    if entry is None:
        os.makedirs(attic, mode=0o700, exist_ok=True)
        with open(path, "rb") as file:
            write_bytes(os.path.join(attic, path.strip("/").replace("/", "_")), file.read())
        os.unlink(path)
        sync_folder(folder)
        return
    os.makedirs(folder, exist_ok=True)
    if "link" in entry:
        temporary = f"{path}.pathguard-new"
        os.symlink(entry["link"], temporary)
        os.replace(temporary, path)
        sync_folder(folder)
        return
    content = entry["content"].encode("latin-1")
    try:
        write_bytes(path, content, entry["mode"])
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV):
            raise
        # The path is a mount point, as in containers: it can't be replaced, only written.
        with open(path, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(path, entry["mode"])
    os.chown(path, entry["uid"], entry["gid"])
    os.chmod(path, entry["mode"])
    if "label" in entry:
        os.setxattr(path, _LABEL, entry["label"].encode("latin-1"))
