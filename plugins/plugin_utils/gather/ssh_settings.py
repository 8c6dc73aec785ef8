# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssh would use for a host: the access's values, ssh arguments, then ~/.ssh/config (ssh_config(5))."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import GatherError
from ..home import expanded
from .access import ACCEPT_NEW, OFF, STRICT, HostAccess
from .known_hosts import DEFAULT_FILES, DEFAULT_PORT
from .ssh_library import paramiko

USER_CONFIG = "~/.ssh/config"
DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")

# ssh(1): options with a value, as far as they name something that this transport can honour.
FLAGS = {"-J": "proxyjump", "-i": "identityfile", "-l": "user", "-p": "port"}
VALUE_FLAGS = frozenset("BbcDEeIiJLlmOopQRSWwF")
STRICTNESS = {"yes": STRICT, "ask": STRICT, "accept-new": ACCEPT_NEW, "no": OFF, "off": OFF}


@dataclass(frozen=True)
class SshSettings:
    """``host_key_name``: the name that known_hosts files have the host's key under, if not its address.
    ``jump``: the jump hosts on the way, as they were named, where ``proxy_command`` goes over them."""

    host: str
    port: int
    user: str
    key_files: tuple[str, ...]
    use_agent: bool
    proxy_command: str | None
    host_keys: str
    known_hosts: tuple[str, ...]
    host_key_name: str
    jump: str = ""

    def way(self) -> str:
        """How the host is reached, for people; empty if straight."""
        if self.jump:
            return f"the jump host {self.jump}"
        return "the proxy command" if self.proxy_command else ""


def resolve(access: HostAccess) -> SshSettings:
    """Raises GatherError where a file or an argument can't be understood."""
    options, config_file = _arguments(access)
    config = _config(access, config_file)
    if "proxyjump" in options:
        # Of the two, ssh takes the one that it reads first.
        config.pop("proxycommand", None)
    found = {**config, **options}
    host = found.get("hostname", access.address)
    port = access.port or _port(found.get("port"), access) or DEFAULT_PORT
    user = access.user or found.get("user") or getpass.getuser()
    jump = _jumps(found)
    return SshSettings(
        host=host,
        port=port,
        user=user,
        key_files=_key_files(access, found),
        use_agent=found.get("identityagent", "").lower() != "none",
        proxy_command=_proxy(found, host, port, user)
        or _over(jump, host, port, config_file, access.connect_timeout),
        jump=",".join(jump),
        host_keys=access.host_keys or STRICTNESS.get(found.get("stricthostkeychecking", "").lower(), STRICT),
        known_hosts=_known_hosts(found),
        host_key_name=found.get("hostkeyalias", host),
    )


def _arguments(access: HostAccess) -> tuple[dict[str, str], str | None]:
    """The options in the host's ssh arguments by lower-case name, and the file named by -F."""
    try:
        words = iter(shlex.split(access.ssh_args))
    except ValueError as error:
        raise GatherError(
            f"the ssh arguments can't be read: {error}", access.name, "mend its ansible_ssh_common_args"
        ) from None
    options: dict[str, str] = {}
    config_file: str | None = None
    for flag, value in _flags(words):
        if flag == "-F":
            config_file = value
        elif flag == "-o":
            name, _unused, text = value.replace("=", " ", 1).strip().partition(" ")
            options.setdefault(name.lower(), text.strip().strip('"'))
        elif flag in FLAGS:
            options.setdefault(FLAGS[flag], value)
    return options, config_file


def _flags(words: Iterator[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        if len(word) >= 2 and word[0] == "-" and word[1] in VALUE_FLAGS:
            yield word[:2], word[2:] or next(words, "")


def _config(access: HostAccess, file: str | None) -> dict[str, str]:
    path = expanded(file or USER_CONFIG)
    if not path.exists():
        if file:
            raise GatherError(
                f"the ssh configuration {file} does not exist",
                access.name,
                "mend -F in its ansible_ssh_common_args",
            )
        return {}
    try:
        found = paramiko.SSHConfig.from_path(str(path)).lookup(access.address)
    # invoke's ImportError: a "Match exec" needs a package that may be missing
    except (OSError, UnicodeDecodeError, ImportError, paramiko.SSHException) as error:
        raise GatherError(
            f"the ssh configuration {path} can't be read: {error}",
            access.name,
            "mend the file, or name another by -F",
        ) from None
    return {
        key: value if isinstance(value, str) else "\n".join(value)
        for key, value in found.items()
        if value is not None
    }


def _port(text: str | None, access: HostAccess) -> int | None:
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise GatherError(f"{text!r} is no port", access.name, "mend the port in its ssh configuration")
    return int(text)


def _key_files(access: HostAccess, found: dict[str, str]) -> tuple[str, ...]:
    """A key file that the inventory asks for must be there; ssh passes over missing ones of its own."""
    if access.key_file:
        path = expanded(access.key_file)
        try:
            path.read_bytes()
        except OSError as error:
            raise GatherError(
                f"the private key can't be read: {error.strerror}",
                f"{path}, for {access.name}",
                "mend ansible_ssh_private_key_file or --private-key",
            ) from None
        return (str(path),)
    named = found.get("identityfile", "").splitlines() or DEFAULT_KEYS
    return tuple(str(path) for path in (expanded(name) for name in named) if path.is_file())


def _known_hosts(found: dict[str, str]) -> tuple[str, ...]:
    user = found.get("userknownhostsfile")
    world = found.get("globalknownhostsfile")
    return (
        *(shlex.split(user) if user else DEFAULT_FILES[:2]),
        *(shlex.split(world) if world else DEFAULT_FILES[2:]),
    )


def _proxy(found: dict[str, str], host: str, port: int, user: str) -> str | None:
    command = found.get("proxycommand", "")
    if not command or command.lower() == "none":
        return None
    # A command from a configuration file has its tokens expanded by paramiko already.
    for token, value in (("%%", "%"), ("%h", host), ("%p", str(port)), ("%r", user)):
        command = command.replace(token, value)
    return command


def _jumps(found: dict[str, str]) -> list[str]:
    """The jump hosts, the nearest first; a proxy command outranks them."""
    if found.get("proxycommand", "none").lower() != "none":
        return []
    jumps = [jump.strip() for jump in found.get("proxyjump", "").split(",") if jump.strip()]
    return [] if not jumps or jumps[0].lower() == "none" else jumps


def _over(jumps: list[str], host: str, port: int, config_file: str | None, seconds: float) -> str | None:
    """The ssh that goes over jump hosts. It asks nothing, and shows errors but no banners; ``seconds`` are for
    its own login."""
    if not jumps:
        return None
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    words = [
        "ssh",
        "-o",
        "BatchMode=yes",
        "-o",
        "LogLevel=ERROR",
        "-o",
        f"ConnectTimeout={max(1, round(seconds))}",
    ]
    words += ["-W", target]
    if config_file:
        words += ["-F", config_file]
    if jumps[:-1]:
        words += ["-J", ",".join(jumps[:-1])]
    return shlex.join([*words, *_jump(jumps[-1])])


def _jump(text: str) -> list[str]:
    """A jump host as ssh's arguments: ``[user@]host[:port]`` or ``ssh://…``."""
    if text.startswith("ssh://"):
        return [text]
    head, _unused, port = text.rpartition(":")
    if head and port.isdigit() and (":" not in head or head.endswith("]")):
        return ["-p", port, head.replace("[", "").replace("]", "")]
    return [text]
