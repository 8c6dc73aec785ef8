# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts resolved names to, kept beside their snapshots: ``names.yml``.

``{db.example: {app01: [10.20.1.10], "*": [10.20.1.10]}}``; ``*`` stands for every host that is not named, and for the
controller. For people who write it by hand, ``db.example: 10.20.1.10`` or a list is enough.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from ..errors import GatherError, StateError
from . import private_file
from .names import addresses

FILE = "names.yml"
_OTHERS = "*"
_TODO = "write {db.example: {app01: [10.20.1.10]}}, or have firewall_info ask with its option names"

# Name -> host -> addresses; an empty host: the controller, and every host that is not named.
Answers = dict[str, dict[str, list[str]]]


def by_name(found: Mapping[str, Mapping[str, Sequence[str]]]) -> Answers:
    """Host -> name -> addresses, by name first."""
    answers: Answers = {}
    for host, names in found.items():
        for name, values in names.items():
            answers.setdefault(name, {})[host] = list(values)
    return answers


def write(folder: Path, answers: Answers) -> None:
    """Beside the snapshots, with what was kept of other names and hosts there. Raises GatherError, StateError."""
    path = folder / FILE
    try:
        with _alone(folder):
            kept = read(folder)
            for name, hosts in answers.items():
                kept[name] = {**kept.get(name, {}), **hosts}
            document = {
                name: {host or _OTHERS: listed for host, listed in hosts.items()}
                for name, hosts in kept.items()
            }
            private_file.write(path, [json.dumps(document, indent=1, ensure_ascii=False), "\n"])
    except OSError as error:
        raise GatherError(
            f"what names stand for can't be kept: {error.strerror}",
            str(path),
            "make room, or mend the folder's permissions",
        ) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Ansible runs a process for each host, and each adds what its host says."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read(folder: Path) -> Answers:
    """Empty where there is no such file. Raises StateError if it is not what it should be."""
    path = folder / FILE
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StateError(
            f"the file of names can't be read: {error.strerror}", str(path), "check its permissions"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise StateError(f"the file of names is no YAML: {_first_line(error)}", str(path), _TODO) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise StateError("the file of names is not a mapping", str(path), _TODO)
    return {_text(name, path): _hosts(name, value, path) for name, value in document.items()}


def read_beside(files: Iterable[Path]) -> Answers:
    """What is kept beside these snapshots. Raises StateError."""
    found: Answers = {}
    for folder in dict.fromkeys(path.parent for path in files):
        for name, hosts in read(folder).items():
            found.setdefault(name, {}).update(hosts)
    return found


def _hosts(name: Any, value: Any, path: Path) -> dict[str, list[str]]:
    by_host = value if isinstance(value, dict) else {_OTHERS: value}
    return {
        "" if host == _OTHERS else _text(host, path): _addresses(name, listed, path)
        for host, listed in by_host.items()
    }


def _text(value: Any, path: Path) -> str:
    if not isinstance(value, str):
        raise StateError(f"{value!r} is no name", str(path), _TODO)
    return value


def _addresses(name: Any, value: Any, path: Path) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and addresses([item]) for item in listed):
        raise StateError(f"what {name} stands for is no list of addresses: {value!r}", str(path), _TODO)
    return addresses(listed)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
