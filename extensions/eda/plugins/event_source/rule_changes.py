# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event source for ansible-rulebook: the change of a firewall's rules itself is the event.

It listens to commands that print a line when rules change (``nft monitor``, ``ip monitor``, an audit log that is
followed), to syslog messages of devices whose configuration was changed, and to files of such messages. A burst of
changes is one event, when nobody has said anything for ``quiet`` seconds, and ``at_most`` seconds after the first at
the latest::

    {"pathguard": "rules_changed", "hosts": ["fw1"], "count": 3, "first": "2026-11-23T09:30:00.120Z",
     "last": "...", "changes": [{"host": "fw1", "platform": "linux", "by": "nft", "text": "delete rule ..."}]}

ansible-rulebook runs this file by itself (``runpy``), so nothing of the collection can be imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

DOCUMENTATION = r"""
---
short_description: Tell when the rules of firewalls have changed
description:
  - An ansible-rulebook event source that listens to what hosts and devices say when their rules change, and makes one
    event of each burst.
options:
  follow:
    description:
      - Commands that print a line at each change, one or more for a host. A command that ends is started again, after
        1 to 60 seconds, and that is an event as well, because nobody knows what has changed meanwhile.
    type: list
    elements: dict
    suboptions:
      host:
        description: The inventory's name of the host that it is about.
        type: str
        required: true
      command:
        description: The command and its arguments, such as C([ssh, fw1, sudo, -n, nft, monitor]). No shell reads it.
        type: list
        elements: str
        required: true
      as:
        description: What it prints - a change in each line (V(lines), V(nft)), audit records, or syslog messages.
        type: str
        choices: [nft, lines, audit, syslog]
        default: nft
  syslog:
    description: Listen to syslog messages, with O(syslog.address), O(syslog.udp) and O(syslog.tcp) (ports; without one
      there is no listener).
    type: dict
  files:
    description: Files of syslog messages, each with C(path). They are followed from their end, also if rotated.
    type: list
    elements: dict
  names:
    description:
      - Who a message is from - the sender's address, or the host name in it - and the inventory's name for it.
      - Without it host names are taken for names of the inventory, and with it all others are left alone.
    type: dict
  wake:
    description: The C(path_monitor_state_dir) of monitors that are running now. They look at the hosts at once, which
      takes a second, and starting a playbook some more.
    type: list
    elements: str
  quiet:
    description: Seconds without a change that end a burst.
    type: float
    default: 0.3
  at_most:
    description: Seconds from the first change of a burst to its event, at the latest.
    type: float
    default: 3.0
"""

EXAMPLES = r"""
- pathguard.network.rule_changes:
    follow:
      - host: fw1
        command: [ssh, -o, BatchMode=yes, -o, ServerAliveInterval=15, fw1, sudo, -n, nft, monitor]
    syslog: {address: 0.0.0.0, udp: 5514}
    names: {192.0.2.1: core-sw1}
"""

LOG = logging.getLogger(__name__)

OPTIONS = ("follow", "syslog", "files", "names", "wake", "quiet", "at_most")
# Changes that are told one by one; more are counted.
MOST_TOLD, LONGEST = 20, 300
# Seconds until a command that ended is started again; one that lasts STEADY seconds begins anew, and has ENDING to end.
BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
STEADY, ENDING = 60.0, 2.0
# Bytes of a line; of a longer one the beginning is read. Senders over TCP at once; seconds that one may be silent.
MOST_BYTES, MOST_SENDERS, SILENCE = 16384, 200, 3600.0
LOOK = 0.2  # seconds between two looks at a file


@dataclass(frozen=True)
class Change:
    """``by``: who changed it, as far as the message says."""

    host: str
    platform: str
    by: str
    text: str


# Takes a message and its sender's address.
Take = Callable[[str, str], None]

# What devices log when their configuration changes: platform, pattern with ``by`` where it is told, and the vendor's
# message. Where changes wait for a commit, the commit counts.
MESSAGES: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (platform, re.compile(pattern))
    for platform, pattern in (
        # Cisco IOS XR: System Error Message Reference, MGBL-CONFIG.
        ("cisco_xr", r"%MGBL-CONFIG-\d-DB_COMMIT\b(?:.*?by user '(?P<by>[^']*)')?"),
        ("cisco_xr", r"%MGBL-SYS-5-CONFIG_I\b(?:.*? by (?P<by>\S+))?"),
        # Cisco IOS and IOS XE: SYS-5-CONFIG_I; with "archive log config", PARSER-5-CFGLOG_LOGGEDCMD. Arista EOS
        # has the former name as well, and SYS-5-CONFIG_SESSION_COMMIT_SUCCESS.
        ("cisco_ios", r"%SYS-5-CONFIG(?:_I|_SESSION_COMMIT_SUCCESS|_C)?\b(?:: .*? by (?P<by>\S+))?"),
        ("cisco_ios", r"%PARSER-5-CFGLOG_LOGGEDCMD: User:(?P<by>\S*)"),
        # Cisco NX-OS: System Messages Reference, VSHD.
        ("cisco_nxos", r"%VSHD-5-VSHD_SYSLOG_CONFIG_I\b(?:: .*? by (?P<by>\S+))?"),
        # Cisco ASA: Syslog Messages, 111008 (a command that is no show command), 111010 (one that changes).
        ("cisco_asa", r"%(?:ASA|FTD)-\d-1110(?:08|10): User '(?P<by>[^']*)'"),
        # Junos: System Log Explorer, UI_COMMIT and UI_COMMIT_COMPLETED.
        ("juniper_junos", r"\bUI_COMMIT(?:_COMPLETED)?: (?:User '(?P<by>[^']*)')?"),
        # PAN-OS: "Config Log Fields" (command, administrator, client, result), and the system log of the commit's end.
        (
            "paloalto_panos",
            r"^(?:.*? )?\d,[^,]*,[^,]*,CONFIG,(?:[^,]*,){5}commit[^,]*,(?P<by>[^,]*),[^,]*,(?!Failed|Unauthorized)",
        ),
        ("paloalto_panos", r",SYSTEM,general,.*\bCommit job succeeded\b(?:.* user (?P<by>\w+))?"),
        # FortiOS: Log Message Reference, 0100044544 to 0100044547 (path, object, attribute configured).
        ("fortinet", r'\blogid="?01000?4454[4-7]"?(?:.*?\buser="(?P<by>[^"]*)")?'),
        ("vyos", r"\bcommit(?:\[\d+\])?: Successful change to active configuration by user (?P<by>\S+)"),
        # Linux: audit(8) records that a syslog daemon passes on.
        ("linux", r"(?:type=NETFILTER_CFG|audit: type=1325)\b(?:.*?\bcomm=\"(?P<by>[^\"]*)\")?"),
    )
)
# Resetting counters is logged by the same records, and changes no rule (linux/audit.h, AUDIT_NFT_OP_RULE_RESET).
NO_CHANGE = re.compile(r"\bop=nft_reset_\w+")
# nft(8), "monitor": a transaction's last line, which is no change by itself.
GENERATION = re.compile(r"^# new generation \d+ by process \d+ \((?P<by>[^)]*)\)")
# RFC 5424, 6; FortiOS; RFC 3164, 4.1.2; a file's lines with RFC 3339 times. Cisco's own begin with a number instead.
HEADERS: Sequence[re.Pattern[str]] = (
    re.compile(r"^<\d{1,3}>1 \S+ (?P<host>\S+) "),
    re.compile(r'^(?:<\d{1,3}>)?date=\S+ time=\S+ devname="?(?P<host>[^" ]+)'),
    re.compile(r"^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d (?P<host>[\w.:-]+?):? "),
    re.compile(r"^(?:<\d{1,3}>)?\d{4}-\d\d-\d\dT\S+ (?P<host>[\w.:-]+) "),
)
HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,252}")


def plain(text: str) -> str:
    """One line that steers no terminal, and holds no template: what a device says may get into variables."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    return re.sub(r"\{(?=[{%#])", "{ ", shown)[:LONGEST]


def by_message(line: str) -> tuple[str, str] | None:
    """(platform, by whom) of a syslog message or audit record about a change; None of any other."""
    if NO_CHANGE.search(line):
        return None
    for platform, pattern in MESSAGES:
        if found := pattern.search(line):
            return platform, plain(found.groupdict().get("by") or "")
    return None


def by_line(line: str) -> tuple[str, str] | None:
    """The same of a command that prints nothing but changes."""
    if generation := GENERATION.match(line):
        return "linux", plain(generation["by"])
    return ("linux", "") if line.strip() else None


Reader = Callable[[str], "tuple[str, str] | None"]
READERS: Mapping[str, Reader] = {"nft": by_line, "lines": by_line, "audit": by_message, "syslog": by_message}


def host_in(line: str) -> str:
    """Who a syslog message says that it is from; empty where it does not."""
    for pattern in HEADERS:
        if found := pattern.match(line):
            return found["host"]
    return ""


@dataclass
class Names:
    """From a message's sender to the inventory's name."""

    known: Mapping[str, str]
    strangers: set[str] = field(default_factory=set)

    def of(self, sender: str, line: str) -> str:
        """Empty where it is nobody of the inventory."""
        said = host_in(line)
        if not self.known:
            found = said or sender
            return found if HOST_NAME.fullmatch(found) else ""
        for name in (sender, said, said.partition(".")[0]):
            if name in self.known:
                return self.known[name]
        who = plain(sender or said)
        if who not in self.strangers and len(self.strangers) < 1000:
            self.strangers.add(who)
            LOG.warning("rule_changes: a message from %s, not in 'names', is left alone", who or "nobody")
        return ""


async def within(what: Coroutine[Any, Any, Any], seconds: float) -> set[asyncio.Task[Any]]:
    """Its task if it ended in time, else nothing. ``asyncio.wait_for`` of Python before 3.12 loses a cancellation that
    comes together with the result, and who waits in a loop would then never end."""
    task = asyncio.ensure_future(what)
    try:
        return (await asyncio.wait({task}, timeout=seconds))[0]
    finally:
        task.cancel()


class Gatherer:
    """Makes one event of a burst of changes."""

    def __init__(self, queue: Any, quiet: float, at_most: float, wake_up: Sequence[Path] = ()) -> None:
        self._queue = queue
        self._wake_up = wake_up
        self._quiet = quiet
        self._at_most = at_most
        self._changes: list[Change] = []
        self._hosts: dict[str, None] = {}
        self._count = 0
        self._first = self._last = 0.0
        self._heard = asyncio.Event()

    def hear(self, change: Change) -> None:
        now = time.time()
        if not self._count:
            self._first = now
        self._last = now
        self._count += 1
        self._hosts[change.host] = None
        if len(self._changes) < MOST_TOLD:
            self._changes.append(change)
        self._heard.set()

    async def run(self) -> None:
        while True:
            await self._heard.wait()
            begun = time.monotonic()
            while (left := begun + self._at_most - time.monotonic()) > 0:
                self._heard.clear()
                if not await within(self._heard.wait(), min(self._quiet, left)):
                    break
            self._heard.clear()
            event, self._changes, self._hosts, self._count = self._event(), [], {}, 0
            for folder in self._wake_up:
                wake(folder, event["hosts"])
            await self._queue.put(event)

    def _event(self) -> dict[str, Any]:
        return {
            "pathguard": "rules_changed",
            "hosts": list(self._hosts),
            "count": self._count,
            "first": moment(self._first),
            "last": moment(self._last),
            "changes": [asdict(change) for change in self._changes],
        }


def wake(folder: Path, hosts: Sequence[str]) -> None:
    """Leave word for a monitor (plugin_utils/monitor/memory.py); one that does not run finds it later."""
    path = folder / "wake"
    try:
        with contextlib.suppress(FileNotFoundError, ValueError):
            hosts = [*hosts, *json.loads(path.read_text("utf-8"))]
        unfinished = path.with_name(f".wake.{os.getpid()}")
        unfinished.write_text(json.dumps(list(dict.fromkeys(hosts))), "utf-8")
        unfinished.replace(path)
    except (OSError, TypeError) as error:
        LOG.warning("rule_changes: no monitor can be woken by %s: %s", path, error)


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def lines_of(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """A stream's lines, whatever is in them; of one that is too long, the beginning."""
    held, cut = b"", False
    while data := await stream.read(MOST_BYTES):
        *whole, held = (held + data).split(b"\n")
        for line in whole:
            if not cut:
                yield text_of(line)
            cut = False
        if len(held) >= MOST_BYTES:
            if not cut:
                yield text_of(held[:MOST_BYTES])
            held, cut = b"", True
    if held and not cut:
        yield text_of(held)


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace").rstrip("\r\0")


# Commands.


async def follow(host: str, command: Sequence[str], kind: str, gatherer: Gatherer) -> None:
    """Run a command for ever. What has changed while it did not run is not known, which is an event, too."""
    failures, first = 0, True
    while True:
        begun = time.monotonic()
        if not first:
            gatherer.hear(Change(host, "", "", "it was not listened to for a while"))
        first = False
        why = await listen(host, command, kind, gatherer)
        failures = 0 if time.monotonic() - begun > STEADY else failures + 1
        pause = BACKOFF[min(max(failures - 1, 0), len(BACKOFF) - 1)]
        LOG.warning("rule_changes: nobody listens to %s for %g s: %s", host, pause, why)
        await asyncio.sleep(pause)


async def listen(host: str, command: Sequence[str], kind: str, gatherer: Gatherer) -> str:
    """Until the command ends: why it did."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]} can't be run: {error.strerror}"
    output, trouble = cast(asyncio.StreamReader, process.stdout), cast(asyncio.StreamReader, process.stderr)
    errors = asyncio.create_task(last_line(trouble))
    try:
        async for line in lines_of(output):
            found = READERS[kind](line)
            if found is not None:
                gatherer.hear(Change(host, found[0], found[1], plain(line)))
        code = await process.wait()
        return f"{plain(command[0])} has ended with status {code}: {plain(await errors)}"
    finally:
        errors.cancel()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), ENDING)
            process._transport.close()  # type: ignore[attr-defined]  # what its own children may hold open
            await asyncio.sleep(0)


async def last_line(stream: asyncio.StreamReader) -> str:
    last = ""
    async for line in lines_of(stream):
        last = line or last
    return last


# Syslog.


class Datagrams(asyncio.DatagramProtocol):
    """RFC 5426: one message a datagram."""

    def __init__(self, take: Take) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._take(text_of(data[:MOST_BYTES].rstrip(b"\n")), str(addr[0]).removeprefix("::ffff:"))


class Streams:
    """RFC 6587: messages end with a line feed, or begin with their length; in one stream, both."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._open = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        sender = str(peer[0]).removeprefix("::ffff:") if peer else ""
        if self._open >= MOST_SENDERS:
            LOG.warning("rule_changes: %s is turned away, there are %d senders", sender, self._open)
            writer.close()
            return
        self._open += 1
        held = b""
        try:
            while (done := await within(reader.read(MOST_BYTES), SILENCE)) and (data := done.pop().result()):
                messages, held = split_frames(held + data)
                for message in messages:
                    self._take(message, sender)
        except OSError:
            return
        finally:
            self._open -= 1
            writer.close()


def split_frames(data: bytes) -> tuple[list[str], bytes]:
    """The whole messages of a stream, and what is left of it."""
    found = []
    while data:
        counted = re.match(rb"([1-9]\d{0,5}) (?=<)", data)
        if counted and int(counted[1]) <= MOST_BYTES:
            end = counted.end() + int(counted[1])
            if len(data) < end:
                break
            found.append(text_of(data[counted.end() : end].rstrip(b"\n")))
            data = data[end:]
            continue
        line, feed, rest = data.partition(b"\n")
        if not feed and len(data) < MOST_BYTES:
            break
        found.append(text_of(line[:MOST_BYTES]))
        data = rest
    return found, data


# Files.


async def tail(path: Path, take: Take) -> None:
    """Follow a file from its end; one that comes later, or after a rotation, from its beginning."""
    at, inode = -1, -1
    held = b""
    while True:
        try:
            status = path.stat()
            if inode < 0 and at < 0:
                at = status.st_size
            elif status.st_ino != inode or status.st_size < at:
                at, held = 0, b""
            inode = status.st_ino
            if status.st_size > at:
                with path.open("rb") as file:
                    file.seek(at)
                    data = file.read(1 << 20)
                at += len(data)
                *lines, held = (held + data).split(b"\n")
                held = held[-MOST_BYTES:]
                for line in lines:
                    take(text_of(line[:MOST_BYTES]), "")
        except FileNotFoundError:
            at, inode = 0, -1
        except OSError as error:
            LOG.warning("rule_changes: %s can't be read: %s", path, error.strerror)
            await asyncio.sleep(BACKOFF[-1])
        await asyncio.sleep(LOOK)


# What a rulebook says.


@dataclass(frozen=True)
class Wanted:
    follow: Sequence[tuple[str, Sequence[str], str]]
    address: str
    udp: int
    tcp: int
    files: Sequence[Path]
    names: Mapping[str, str]
    wake: Sequence[Path]
    quiet: float
    at_most: float


def wanted(args: Mapping[str, Any]) -> Wanted:
    """Raises ValueError, with the option, for what makes no sense."""
    options = {name: value for name, value in args.items() if name != "eda_feedback_queue"}
    for name in options:
        if name not in OPTIONS:
            raise ValueError(f"rule_changes: there is no option {name!r}; there are {', '.join(OPTIONS)}")
    syslog = _mapping(options.get("syslog") or {}, "syslog", ("address", "udp", "tcp"))
    found = Wanted(
        [_followed(item, f"follow[{index}]") for index, item in enumerate(_list(options, "follow"))],
        str(syslog.get("address") or "127.0.0.1"),
        _port(syslog, "udp"),
        _port(syslog, "tcp"),
        [
            Path(str(_mapping(item, f"files[{index}]", ("path",)).get("path")))
            for index, item in enumerate(_list(options, "files"))
        ],
        {str(sender): str(name) for sender, name in (options.get("names") or {}).items()},
        [Path(str(item)).expanduser() for item in _list(options, "wake")],
        _seconds(options, "quiet", 0.3),
        _seconds(options, "at_most", 3.0),
    )
    if not (found.follow or found.udp or found.tcp or found.files):
        raise ValueError(
            "rule_changes: there is nobody to listen to: give follow, syslog with a port, or files"
        )
    return found


def _list(options: Mapping[str, Any], name: str) -> Iterable[Any]:
    value = options.get(name) or []
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"rule_changes: {name} is a list")
    return value


def _mapping(value: Any, where: str, keys: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not set(value) <= set(keys):
        raise ValueError(f"rule_changes: {where} has {', '.join(keys)}, and nothing else")
    return value


def _followed(item: Any, where: str) -> tuple[str, Sequence[str], str]:
    entry = _mapping(item, where, ("host", "command", "as"))
    command, kind = entry.get("command"), entry.get("as") or "nft"
    if not entry.get("host"):
        raise ValueError(f"rule_changes: {where} names no host")
    if not isinstance(command, (list, tuple)) or not command:
        raise ValueError(f"rule_changes: {where}.command is a list of a command and its arguments")
    if kind not in READERS:
        raise ValueError(f"rule_changes: {where}.as is one of {', '.join(READERS)}")
    return str(entry["host"]), [str(word) for word in command], kind


def _port(syslog: Mapping[str, Any], name: str) -> int:
    """0 where none is named. A rulebook's variables are texts."""
    value = str(syslog.get(name, "0"))
    if not value.isdecimal() or int(value) > 65535:
        raise ValueError(f"rule_changes: syslog.{name} is a port")
    return int(value)


def _seconds(options: Mapping[str, Any], name: str, default: float) -> float:
    try:
        value = float(options.get(name, default))
    except (TypeError, ValueError):
        value = -1.0
    if not 0 < value < float("inf"):
        raise ValueError(f"rule_changes: {name} is a number of seconds above 0")
    return value


async def main(queue: Any, args: dict[str, Any]) -> None:
    """As ansible-rulebook calls it: events go into the queue, until the task is cancelled."""
    asked = wanted(args)
    gatherer, names = Gatherer(queue, asked.quiet, asked.at_most, asked.wake), Names(asked.names)

    def take(line: str, sender: str) -> None:
        found = by_message(line)
        host = names.of(sender, line) if found is not None else ""
        if found is not None and host:
            gatherer.hear(Change(host, found[0], found[1], plain(line)))

    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        try:
            if asked.udp:
                where = asked.address, asked.udp
                transport, _mine = await loop.create_datagram_endpoint(
                    lambda: Datagrams(take), local_addr=where
                )
                stack.callback(transport.close)
            if asked.tcp:
                server = await asyncio.start_server(Streams(take), asked.address, asked.tcp)
                stack.callback(server.close)
        except OSError as error:
            raise ValueError(
                f"rule_changes: {asked.address} can't be listened on: {error.strerror}"
            ) from None
        tasks = [asyncio.create_task(gatherer.run())]
        tasks += [asyncio.create_task(follow(*item, gatherer)) for item in asked.follow]
        tasks += [asyncio.create_task(tail(path, take)) for path in asked.files]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for fault in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(fault, Exception):
                    LOG.error("rule_changes: %r", fault)
