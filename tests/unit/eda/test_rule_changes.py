# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source by itself: ansible-rulebook's contract is ``async main(queue, args)``, run from its file."""

from __future__ import annotations

import asyncio
import json
import logging
import runpy
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
# As ansible-rulebook runs it.
SOURCE: dict[str, Any] = runpy.run_path(
    str(ROOT / "extensions" / "eda" / "plugins" / "event_source" / "rule_changes.py")
)

# Message, the platform, who did it, and the host that stands in it.
MESSAGES = [
    ("<189>45: *Oct 12 09:30:00.123: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (10.1.1.1)", "cisco_ios", "admin", ""),
    ("<189>Oct 12 09:30:00 sw1 45: %SYS-5-CONFIG_I: Configured from memory", "cisco_ios", "", "sw1"),
    ("<189>Oct  2 09:30:00 eos1 ConfigAgent: %SYS-5-CONFIG_SESSION_COMMIT_SUCCESS: User cvp committed", "cisco_ios", "", "eos1"),
    ("<189>46: Oct 12 09:30:00: %PARSER-5-CFGLOG_LOGGEDCMD: User:ops  logged command:no access-list 101", "cisco_ios", "ops", ""),
    ("<189>: 2023 Oct 12 09:30:00: %VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured from vty by admin on 10.1.1.1", "cisco_nxos", "admin", ""),
    ("<166>Oct 12 2023 09:30:00 asa1 : %ASA-5-111008: User 'enable_15' executed the 'access-list X' command.", "cisco_asa", "enable_15", "asa1"),
    ("<166>Oct 12 2023 09:30:00: %ASA-5-111010: User 'admin', running 'CLI' from IP 10.1.1.1, executed 'no access-list X'", "cisco_asa", "admin", ""),
    ("<28>Oct 12 09:30:00 srx1 mgd[1234]: UI_COMMIT: User 'root' requested 'commit' operation (comment: none)", "juniper_junos", "root", "srx1"),
    ("<28>Oct 12 09:30:00 srx1 mgd[1234]: UI_COMMIT_COMPLETED: commit complete", "juniper_junos", "", "srx1"),
    ("<14>Oct 12 09:30:00 pa1 1,now,01,CONFIG,0,0,now,10.1.1.1,,commit,admin,Web,Succeeded,,1", "paloalto_panos", "admin", "pa1"),
    ('<189>date=2023-10-12 time=09:30:00 devname="fgt1" logid="0100044546" logdesc="Attribute configured" user="admin"', "fortinet", "admin", "fgt1"),
    ("<189>1 2023-10-12T09:30:00Z xr1 config 1234 - - %MGBL-CONFIG-6-DB_COMMIT : Configuration committed by user 'admin'.", "cisco_xr", "admin", "xr1"),
    ("RP/0/RP0/CPU0:Oct 12 09:30:00.123 : config[65]: %MGBL-SYS-5-CONFIG_I : Configured from console by admin on vty0", "cisco_xr", "admin", ""),
    ("Oct 12 09:30:00 vy1 commit[1234]: Successful change to active configuration by user vyos on /dev/pts/0", "vyos", "vyos", "vy1"),
    ('type=NETFILTER_CFG msg=audit(1700000000.123:456): table=filter:5 family=2 entries=1 op=nft_register_rule pid=1 comm="nft"', "linux", "nft", ""),
    ("type=NETFILTER_CFG msg=audit(1700000000.123:456): table=filter family=2 entries=4", "linux", "", ""),
    ('2023-10-12T09:30:00+02:00 fw1 kernel: audit: type=1325 audit(1.2:3): table=filter:5 op=nft_unregister_rule comm="iptables"', "linux", "iptables", "fw1"),
]  # fmt: skip
NOTHING = [
    "<166>Oct 12 2023 09:30:00: %ASA-7-111009: User 'admin' executed cmd: show run",
    "<28>Oct 12 09:30:00 srx1 mgd[1234]: UI_COMMIT_PROGRESS: Commit operation in progress: no commit script changes",
    "<14>Oct 12 09:30:00 pa1 1,now,01,CONFIG,0,0,now,10.1.1.1,,commit,admin,Web,Failed,,1",
    "<14>Oct 12 09:30:00 pa1 1,now,01,CONFIG,0,0,now,10.1.1.1,,edit,admin,Web,Succeeded,,1",
    'type=NETFILTER_CFG msg=audit(1.2:3): table=filter:5 family=2 entries=1 op=nft_reset_rule comm="nft"',
    "<189>45: *Oct 12 09:30:00: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up",
    "",
    "\x00\xff<<<>>>{{ lookup('pipe', 'id') }}",
]  # fmt: skip


class Queue:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    async def put(self, event: dict[str, Any]) -> None:
        self.events.append(json.loads(json.dumps(event)))


def hear(args: dict[str, Any], act: Callable[[Queue], Awaitable[None]]) -> list[dict[str, Any]]:
    """Run the source while something is done: the events."""

    async def both() -> Queue:
        queue = Queue()
        task = asyncio.create_task(SOURCE["main"](queue, args))
        acting = asyncio.create_task(act(queue))  # type: ignore[arg-type]
        done, _rest = await asyncio.wait({task, acting}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
        task.cancel()
        await asyncio.gather(task, acting, return_exceptions=True)
        await asyncio.sleep(0.05)  # pipes of ended processes are closed by the loop
        return queue

    return asyncio.run(both()).events


async def until(queue: Queue, count: int) -> None:
    end = time.monotonic() + 10
    while len(queue.events) < count and time.monotonic() < end:
        await asyncio.sleep(0.02)


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def printing(*lines: str, after: str = "time.sleep(30)") -> list[str]:
    program = f"import sys,time\nfor line in {lines!r}: print(line, flush=True)\n{after}"
    return [sys.executable, "-c", program]


@pytest.mark.parametrize(("line", "platform", "by", "host"), MESSAGES)
def test_a_message_about_a_change(line: str, platform: str, by: str, host: str) -> None:
    assert SOURCE["by_message"](line) == (platform, by)
    assert SOURCE["host_in"](line) == host


@pytest.mark.parametrize("line", NOTHING)
def test_any_other_message(line: str) -> None:
    assert SOURCE["by_message"](line) is None


def test_a_burst_is_one_event() -> None:
    lines = ["add rule inet filter forward drop", "delete rule inet filter forward handle 5"]
    lines.append("# new generation 8 by process 4711 (nft)")

    async def act(queue: Queue) -> None:
        await until(queue, 1)
        await asyncio.sleep(0.3)

    follow = [{"host": "fw1", "command": printing(*lines)}]
    [event] = hear({"follow": follow, "quiet": 0.1}, act)
    assert (event["pathguard"], event["hosts"], event["count"]) == ("rules_changed", ["fw1"], 3)
    assert event["changes"][0]["text"] == lines[0]
    assert event["changes"][2]["by"] == "nft"
    assert event["first"] <= event["last"]


def test_a_burst_without_an_end_is_told_in_time() -> None:
    command = [
        sys.executable,
        "-c",
        "import time\nwhile True: print('add element', flush=True); time.sleep(0.02)",
    ]

    async def act(queue: Queue) -> None:
        await until(queue, 2)

    events = hear({"follow": [{"host": "fw1", "command": command}], "quiet": 0.3, "at_most": 0.5}, act)
    assert len(events) >= 2
    assert events[0]["count"] > 5
    assert len(events[0]["changes"]) <= 20


def test_a_cancellation_that_comes_with_the_result_is_not_lost() -> None:
    """Before Python 3.12 ``asyncio.wait_for`` gave the result and went on."""

    async def late() -> str:
        heard = asyncio.Event()

        async def listen() -> None:
            while True:
                await SOURCE["within"](heard.wait(), 5)
                heard.clear()

        task = asyncio.create_task(listen())
        for _round in range(3):
            await asyncio.sleep(0)
        heard.set()
        await asyncio.sleep(0)  # the inner task has its result now; who waits for it has not been told
        task.cancel()
        _done, going_on = await asyncio.wait({task}, timeout=1)
        for one in going_on:
            one.cancel()
        return "goes on" if going_on else "cancelled" if task.cancelled() else "ended"

    assert asyncio.run(late()) == "cancelled"


def test_a_command_that_ends_is_begun_again_and_that_is_an_event(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(SOURCE["follow"].__globals__, "BACKOFF", (0.05,))

    async def act(queue: Queue) -> None:
        await until(queue, 2)

    command = [sys.executable, "-c", "import sys; sys.exit('Permission denied (publickey)')"]
    with caplog.at_level(logging.WARNING):
        events = hear({"follow": [{"host": "fw1", "command": command}], "quiet": 0.05, "at_most": 0.2}, act)
    assert events[0]["changes"][0]["text"] == "it was not listened to for a while"
    assert "Permission denied (publickey)" in caplog.text


def test_a_command_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(SOURCE["follow"].__globals__, "BACKOFF", (0.05,))

    async def act(queue: Queue) -> None:
        await until(queue, 1)

    assert hear({"follow": [{"host": "fw1", "command": ["/nowhere/nft"]}], "quiet": 0.05}, act)
    assert "/nowhere/nft can't be run: No such file or directory" in caplog.text


def test_the_processes_end_with_the_source(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    program = f"import os,time; open({str(file)!r}, 'w').write(str(os.getpid())); print('x', flush=True); time.sleep(60)"

    async def act(queue: Queue) -> None:
        await until(queue, 1)

    hear({"follow": [{"host": "fw1", "command": [sys.executable, "-c", program]}], "quiet": 0.05}, act)
    pid = int(file.read_text())
    end = time.monotonic() + 5
    while time.monotonic() < end:
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().split(") ")[-1].startswith("Z"):
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


def test_syslog_over_udp_and_tcp_from_known_devices(caplog: pytest.LogCaptureFixture) -> None:
    udp, tcp = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    asa = MESSAGES[5][0]

    async def act(queue: Queue) -> None:
        await asyncio.sleep(0.2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for noise in (
                b"\xff\x00" * 99,
                b"",
                NOTHING[0].encode(),
                b"<166>Oct 12 2023 09:30:00 rogue : %ASA-5-111008: User 'x' did",
            ):
                sock.sendto(noise, ("127.0.0.1", udp))
            sock.sendto(asa.encode(), ("127.0.0.1", udp))
        await until(queue, 1)
        _reader, writer = await asyncio.open_connection("127.0.0.1", tcp)
        junos = MESSAGES[7][0].encode()
        writer.write(b"%d %s" % (len(junos), junos) + b"x" * 70000 + b"\n" + asa.encode() + b"\n")
        await writer.drain()
        await until(queue, 2)
        writer.close()

    names = {"asa1": "edge-asa", "srx1": "edge-srx"}
    args = {"syslog": {"address": "127.0.0.1", "udp": str(udp), "tcp": tcp}, "names": names, "quiet": 0.2}
    first, second = hear(args, act)
    assert first["hosts"] == ["edge-asa"]
    assert first["changes"][0]["by"] == "enable_15"
    assert sorted(second["hosts"]) == ["edge-asa", "edge-srx"]
    assert "a message from 127.0.0.1, not in 'names', is left alone" in caplog.text


def test_a_sender_is_known_by_its_address() -> None:
    udp = free_port(socket.SOCK_DGRAM)

    async def act(queue: Queue) -> None:
        await asyncio.sleep(0.2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(MESSAGES[0][0].encode(), ("127.0.0.1", udp))
        await until(queue, 1)

    [event] = hear({"syslog": {"udp": udp}, "names": {"127.0.0.1": "core-sw1"}, "quiet": 0.05}, act)
    assert event["hosts"] == ["core-sw1"]


def test_frames() -> None:
    split = SOURCE["split_frames"]
    assert split(b"5 <1>ab7 <2>cde\n<3>line\n<4>half") == (["<1>ab", "<2>cde", "<3>line"], b"<4>half")
    assert split(b"9 <1>ab") == ([], b"9 <1>ab")
    assert split(b"12 is no length\n") == (["12 is no length"], b"")


def test_a_file_is_followed_from_its_end_and_over_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "network.log"
    file.write_text(MESSAGES[7][0] + "\n")

    async def act(queue: Queue) -> None:
        await asyncio.sleep(0.4)
        with file.open("a") as log:
            log.write(MESSAGES[5][0] + "\n")
        await until(queue, 1)
        file.rename(tmp_path / "network.log.1")
        file.write_text(MESSAGES[13][0] + "\n")
        await until(queue, 2)

    first, second = hear({"files": [{"path": str(file)}], "quiet": 0.05}, act)
    assert first["hosts"] == ["asa1"], "what was there before is no news"
    assert second["hosts"] == ["vy1"]


def test_a_device_puts_no_template_into_an_event() -> None:
    async def act(queue: Queue) -> None:
        await until(queue, 1)

    line = "add rule x y comment \"{{ lookup('pipe', 'id') }}{% if %}\x1b[2J\""
    [event] = hear({"follow": [{"host": "fw1", "command": printing(line)}], "quiet": 0.05}, act)
    text = event["changes"][0]["text"]
    assert "{{" not in text
    assert "{%" not in text
    assert "\x1b" not in text
    assert text.startswith("add rule x y comment")


def test_a_monitor_is_woken(tmp_path: Path) -> None:
    (tmp_path / "wake").write_text('["db1"]')

    async def act(queue: Queue) -> None:
        await until(queue, 1)

    follow = [{"host": "fw1", "command": printing("add rule")}]
    hear({"follow": follow, "quiet": 0.05, "wake": [str(tmp_path), str(tmp_path / "nowhere")]}, act)
    assert json.loads((tmp_path / "wake").read_text()) == ["fw1", "db1"]
    assert [path.name for path in tmp_path.iterdir()] == ["wake"]


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({}, "nobody to listen to"),
        ({"folow": []}, "no option 'folow'"),
        ({"follow": "nft monitor"}, "follow is a list"),
        ({"follow": [{"command": ["x"]}]}, r"follow\[0\] names no host"),
        ({"follow": [{"host": "fw1", "command": "nft monitor"}]}, "is a list of a command"),
        ({"follow": [{"host": "fw1", "command": ["x"], "as": "json"}]}, "as is one of nft"),
        ({"follow": [{"host": "fw1", "comand": ["x"]}]}, "and nothing else"),
        ({"syslog": {"udp": 70000}}, "udp is a port"),
        ({"syslog": {"tcp": "x"}}, "tcp is a port"),
        ({"syslog": {"udp": 5514}, "quiet": 0}, "quiet is a number"),
        ({"files": [{"path": "/x"}], "at_most": "soon"}, "at_most is a number"),
    ],
)
def test_arguments_that_make_no_sense(args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        asyncio.run(SOURCE["main"](Queue(), args))


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        args = {"syslog": {"tcp": taken.getsockname()[1]}}
        with pytest.raises(ValueError, match=r"can't be listened on: .*in use"):
            asyncio.run(SOURCE["main"](Queue(), args))
