# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an emulated device is told when it starts: who may log in, what it is, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Faults:
    """``slow``: seconds before each answer. ``prompt``: stands at the prompt's place. ``drop_after``: lines of one
    output after which the connection ends. ``pages``: pages although paging is off. ``privilege``: the most that a
    login gets, and its enable. ``silent``: no prompt ever. ``refuse``: commands that authorization denies. ``trickle``:
    seconds between two lines. ``endless``: an output never ends with a prompt. ``late``: what comes a moment after the
    prompt that follows an output."""

    slow: float = 0.0
    prompt: str = ""
    drop_after: int | None = None
    pages: bool = False
    privilege: int = 15
    silent: bool = False
    refuse: tuple[str, ...] = ()
    trickle: float = 0.0
    endless: bool = False
    late: str = ""


@dataclass(frozen=True)
class Settings:
    """``passwords``: by user. ``keys``: public keys in OpenSSH's format that any user may log in with. ``secret``: of
    enable; None where it asks for none. ``level``: of the login before enable. ``config``: the configuration that the
    device starts with, as its own ``show`` prints it. ``minute``: how many seconds its minutes last. ``host_key``: a
    file with a private key. ``running``: a file that always holds the running configuration. ``enforce``: a command
    that is run after each change, when that file is written. ``log``: a file that gets each command as a line."""

    platform: str
    hostname: str = "R1"
    bind: str = "127.0.0.1"
    port: int = 0
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    keys: tuple[str, ...] = ()
    secret: str | None = field(default=None, repr=False)
    level: int = 15
    config: str = ""
    banner: str = ""
    page: int = 24
    minute: float = 60.0
    host_key: str | None = None
    running: str | None = None
    enforce: tuple[str, ...] = ()
    log: str | None = None
    faults: Faults = Faults()

    @classmethod
    def of(cls, document: dict[str, Any]) -> Settings:
        """From a JSON document with these names. TypeError for one that there is not."""
        known = {one.name for one in fields(cls)}
        if set(document) - known:
            raise TypeError(f"no settings: {', '.join(sorted(set(document) - known))}")
        found = dict(document)
        for name in ("keys", "enforce"):
            found[name] = tuple(found.get(name, ()))
        faults = dict(found.get("faults", {}))
        faults["refuse"] = tuple(faults.get("refuse", ()))
        found["faults"] = Faults(**faults)
        return cls(**found)
