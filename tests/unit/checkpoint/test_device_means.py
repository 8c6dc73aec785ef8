# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints on emulated devices, by their own commands over SSH: what the device's timer does, and what a restore does.

A device's minute lasts for about a second where its timer shall end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import control, run
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices import xr
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.means import digest, plain
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.devices.platforms import DEVICES
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.driver import Order, driver_of
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import CheckpointStatus
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import CheckpointError, PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import terminal
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Channel, open_channel
from lab.emulator.device import TEXTS
from tests.support.emulated import Emulated, emulated

pytestmark = pytest.mark.device

PLATFORMS = ("cisco_ios", "cisco_nxos", "cisco_xr", "arista_eos", "juniper_junos", "vyos")
RUN = "20261123-010000-1"
VYOS = (TEXTS / "vyos.config.txt").read_text(encoding="utf-8")
RELOAD = "set system config-management commit-confirm action reload"


@dataclass(frozen=True)
class Change:
    """How somebody changes a device, each way as lines that are typed: for good, and to be confirmed in time."""

    plain: tuple[str, ...]
    timed: tuple[str, ...]
    sign: str


_CISCO = ("configure terminal", "ip route 192.0.2.0 255.255.255.0 Null0", "end")
_JUNOS = ("configure", "set system domain-name changed.example")
_XR = ("configure", "ipv4 route 192.0.2.0/24 Null0")
_VYOS = ("configure", "set system domain-name changed.example")
CHANGES = {
    "cisco_ios": Change(_CISCO, _CISCO, "192.0.2.0"),
    "cisco_nxos": Change(_CISCO, _CISCO, "192.0.2.0"),
    "arista_eos": Change(
        _CISCO,
        ("configure session work", "ip route 192.0.2.0 255.255.255.0 Null0", "commit timer 00:05:00"),
        "192.0.2.0",
    ),
    "cisco_xr": Change(
        (*_XR, "commit", "end"),
        # Only the session of a trial can confirm it.
        (*_XR, "commit confirmed minutes 5", "commit", "end"),
        "192.0.2.0",
    ),
    "vyos": Change((*_VYOS, "commit", "exit"), (*_VYOS, "commit-confirm 5", "exit"), "changed.example"),
    "juniper_junos": Change(
        (*_JUNOS, "commit", "exit"), (*_JUNOS, "commit confirmed 5", "exit"), "changed.example"
    ),
}


@dataclass
class Site:
    """One emulated device, one login to it, and what can be asked of its checkpoint."""

    device: Emulated
    channel: Channel

    @property
    def platform(self) -> str:
        return self.device.device.settings.platform

    def each(self, names: Any, ask: Callable[..., CheckpointStatus]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for name in names:
            try:
                answers[name] = ask(self.channel, driver_of(self.device.access()))
            except PathGuardError as error:
                answers[name] = error
        return answers

    def type(self, *lines: str) -> None:
        for line in lines:
            self.channel.session.send(line, answers={r"\[Y/n\] ?$": "y"})  # type: ignore[attr-defined]

    def said(self, line: str) -> str:
        found: str = self.channel.session.send(line)  # type: ignore[attr-defined]
        return found

    def change(self, timed: bool = False) -> None:
        self.type(*(CHANGES[self.platform].timed if timed else CHANGES[self.platform].plain))
        assert self.changed()

    def changed(self) -> bool:
        return CHANGES[self.platform].sign in self.device.device.running()

    def status(self) -> CheckpointStatus:
        answer = run.status_all(self.each, ["r1"])["r1"]
        assert isinstance(answer, CheckpointStatus)
        return answer

    def wait_until_back(self) -> None:
        deadline = time.monotonic() + 20
        while self.changed():
            assert time.monotonic() < deadline, "the device's timer never ended"
            time.sleep(0.1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """These devices print a whole answer at once: nothing is to be waited for after a prompt."""
    monkeypatch.setattr(terminal, "SETTLE", 0.02)


@contextmanager
def on(platform: str, folder: Path, minute: float = 60.0, **settings: Any) -> Iterator[Site]:
    """A device whose minutes last so many seconds."""
    with (
        emulated(platform, folder, minute=minute, **settings) as device,
        closing(open_channel(device.access())) as channel,
    ):
        yield Site(device, channel)


@pytest.fixture(params=PLATFORMS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with on(request.param, tmp_path) as found:
        yield found


def test_a_change_is_put_back_and_proven(site: Site) -> None:
    before = site.device.device.running()
    armed = run.arm_all(site.each, ["r1"], RUN, 300.0)
    assert armed.decision == "armed", armed.messages
    site.change()
    outcome = run.restore_all(site.each, ["r1"], RUN, "broken")
    assert outcome.decision == "restored", outcome.messages
    assert plain(site.device.device.running()) == plain(before)
    assert site.status().state == "restored"
    again = run.restore_all(site.each, ["r1"], RUN, "the first answer was lost")
    assert again.decision == "restored", again.messages


def test_a_kept_change_leaves_nothing_behind(site: Site) -> None:
    run.arm_all(site.each, ["r1"], RUN, 300.0)
    site.change(timed=True)
    outcome = run.confirm_all(site.each, ["r1"], RUN)
    assert outcome.decision == "confirmed", outcome.messages
    assert site.changed()
    assert site.device.device.pending is None
    assert (site.status().state, site.status().remaining) == ("none", 0.0)
    files = site.device.device.files  # type: ignore[attr-defined]
    assert not [name for name in files if "pathguard-" in name]


def test_another_run_is_refused_and_told_by_whom(site: Site) -> None:
    run.arm_all(site.each, ["r1"], RUN, 300.0)
    status = site.status()
    assert (status.state, status.id) == ("armed", RUN)
    assert set(status.holder) == {"user", "controller"}
    assert all(status.holder.values())


@pytest.mark.parametrize("platform", ["arista_eos", "juniper_junos", "vyos"])
def test_the_changes_own_timer_is_seen_and_goes_back(platform: str, tmp_path: Path) -> None:
    config = f"{VYOS}{RELOAD}\n" if platform == "vyos" else ""
    with on(platform, tmp_path, minute=0.8, config=config) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change(timed=True)
        status = site.status()
        assert (status.state, status.disruption) == ("armed", "none")
        assert 0 < status.remaining <= 300
        site.wait_until_back()
        outcome = run.restore_all(site.each, ["r1"], RUN, "")
        assert outcome.decision == "restored", outcome.messages


@pytest.mark.parametrize("platform", ["arista_eos", "juniper_junos", "cisco_xr", "vyos"])
def test_a_commit_for_good_is_told(platform: str, tmp_path: Path) -> None:
    with on(platform, tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change()
        assert "committed for good" in site.status().messages[0]


def test_ios_goes_back_without_the_controller(tmp_path: Path) -> None:
    with on("cisco_ios", tmp_path, minute=1.5) as site:
        armed = run.arm_all(site.each, ["r1"], RUN, 61.0)
        assert armed.decision == "armed", armed.messages
        site.change()
        status = site.status()
        assert (status.state, status.protection) == ("armed", "arm_before")
        assert 0 < status.remaining <= 120
        site.wait_until_back()
        assert site.status().state == "fired"
        outcome = run.restore_all(site.each, ["r1"], RUN, "")
        assert outcome.decision == "restored", outcome.messages
        answer = outcome.hosts["r1"]
        assert isinstance(answer, CheckpointStatus)
        assert (answer.state, answer.proven) == ("fired", True)


def test_ios_without_an_archive_arms_nothing(tmp_path: Path) -> None:
    with on("cisco_ios", tmp_path) as site:
        site.type("configure terminal", "no archive", "end")
        outcome = run.arm_all(site.each, ["r1"], RUN, 300.0)
        assert outcome.decision == "refused"
        assert site.status().state == "none"


def test_junos_says_confirmed_for_ever_but_pending_only_while_it_is(tmp_path: Path) -> None:
    with on("juniper_junos", tmp_path, minute=1.0) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change(timed=True)
        site.type("configure", "commit check", "exit")
        assert "rollback in 5mins" in site.said("show system commit")
        assert "rollback pending" not in site.said("show system commit")
        deadline = time.monotonic() + 10
        while site.status().remaining:  # a release that prints no such line could still be waiting
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "committed for good" in site.status().messages[0]
        assert site.changed()


def fresh(site: Site) -> Site:
    """Another login."""
    return Site(site.device, open_channel(site.device.access()))


def test_vyos_says_before_the_change_that_it_would_reboot(tmp_path: Path) -> None:
    with on("vyos", tmp_path, minute=0.8) as site:
        armed = run.arm_all(site.each, ["r1"], RUN, 300.0).hosts["r1"]
        assert isinstance(armed, CheckpointStatus)
        assert (armed.protection, armed.disruption) == ("wraps_commit", "reboot")
        assert "reboots the device" in armed.messages[1]
        site.change(timed=True)
        site.wait_until_back()
        with closing((after := fresh(site)).channel):
            outcome = run.restore_all(after.each, ["r1"], RUN, "it was rebooted meanwhile")
            assert outcome.decision == "restored", outcome.messages


def test_vyos_goes_back_and_ends_the_timer(tmp_path: Path) -> None:
    with on("vyos", tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change(timed=True)
        assert 290 < site.status().remaining <= 300
        assert run.restore_all(site.each, ["r1"], RUN, "broken").decision == "restored"
        assert (site.changed(), site.device.device.pending) == (False, None)
        assert site.said("show configuration commands") == site.device.device.running()


def test_vyos_timer_cant_be_given_time(tmp_path: Path) -> None:
    with on("vyos", tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.type("configure", "set system domain-name changed.example", "commit-confirm 1", "exit")
        outcome = run.confirm_all(site.each, ["r1"], RUN, margin=300.0)
        assert outcome.decision == "restored", outcome.messages
        assert "can't be given more time" in outcome.messages[0]
        assert not site.changed()


TRIAL = ("configure", "ipv4 route 192.0.2.0/24 Null0", "commit confirmed minutes 2")


def test_xr_says_that_only_its_own_session_confirms_a_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on("cisco_xr", tmp_path) as site, closing((other := fresh(site)).channel):
        router = site.device.device

        def time_is_up(_seconds: float) -> None:
            with router.lock:
                if router.keep():
                    router.go_back()  # type: ignore[attr-defined]

        monkeypatch.setattr(xr, "time", SimpleNamespace(sleep=time_is_up, monotonic=time.monotonic))
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        other.type(*TRIAL)
        assert "only the session that made it can confirm it" in site.status().messages[0]
        assert run.renew_all(site.each, ["r1"], RUN, 300.0)["r1"].messages  # type: ignore[union-attr]
        outcome = run.confirm_all(site.each, ["r1"], RUN)
        assert outcome.decision == "restored", outcome.messages
        assert "only the session that made it can confirm it" in outcome.messages[0]
        answer = outcome.hosts["r1"]
        assert isinstance(answer, CheckpointStatus)
        assert (answer.state, answer.proven) == ("fired", True), "its own timer has put it back"
        assert "commit replace" not in site.device.device.commands


def test_xr_keeps_what_its_own_session_has_confirmed(tmp_path: Path) -> None:
    with on("cisco_xr", tmp_path) as site, closing((other := fresh(site)).channel):
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        other.type(*TRIAL, "commit")
        assert "committed for good" in site.status().messages[0]
        assert run.confirm_all(site.each, ["r1"], RUN).decision == "confirmed"
        assert site.changed()


def test_xr_arms_nothing_while_somebodys_trial_lasts(tmp_path: Path) -> None:
    with on("cisco_xr", tmp_path) as site, closing((other := fresh(site)).channel):
        other.type(*TRIAL)
        outcome = run.arm_all(site.each, ["r1"], RUN, 300.0)
        assert (outcome.decision, site.device.device.files) == ("refused", {})  # type: ignore[attr-defined]
        assert "confirmed commit is pending" in outcome.messages[0]


def test_xr_waits_for_a_trial_and_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xr, "_WAIT", 0.0)
    with on("cisco_xr", tmp_path) as site, closing((other := fresh(site)).channel):
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        other.type(*TRIAL)
        outcome = run.restore_all(site.each, ["r1"], RUN, "broken")
        assert outcome.decision == "unproven"
        assert "its timer did not end" in outcome.messages[0]


SAVED = ("cisco_ios", "cisco_nxos", "arista_eos", "vyos")


@pytest.mark.parametrize("platform", SAVED)
def test_a_startup_configuration_that_the_change_wrote_is_put_back(platform: str, tmp_path: Path) -> None:
    with on(platform, tmp_path) as site:
        files = site.device.device.files  # type: ignore[attr-defined]
        boot = "/config/config.boot" if platform == "vyos" else "startup-config"
        before = files[boot]
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change()
        site.type(*(("configure", "save", "exit") if platform == "vyos" else ("write memory",)))
        status = site.status()
        assert status.changed_tables == ["running-config", "startup-config"]
        assert "a reload loads what was written" in status.messages[-1]
        outcome = run.restore_all(site.each, ["r1"], RUN, "broken")
        assert outcome.decision == "restored", outcome.messages
        answer = outcome.hosts["r1"]
        assert isinstance(answer, CheckpointStatus)
        assert answer.fingerprint == answer.armed_fingerprint
        assert files[boot] == before


def test_ios_was_reloaded_with_what_the_change_had_written(tmp_path: Path) -> None:
    """A reload ends the timer: nobody goes back by itself any more, and it is told."""
    with on("cisco_ios", tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change()
        site.type("write memory")
        assert site.device.device.keep()  # the timer is gone, and the startup configuration is loaded
        status = site.status()
        assert (status.state, status.remaining) == ("failed", 0.0)
        assert "a reload ends it" in status.messages[0]
        assert run.restore_all(site.each, ["r1"], RUN, "").decision == "restored"
        assert not site.changed()


def test_ios_was_reloaded_with_what_it_had_before(tmp_path: Path) -> None:
    with on("cisco_ios", tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        assert site.device.device.keep()
        assert site.status().state == "fired"
        assert run.confirm_all(site.each, ["r1"], RUN).decision != "confirmed"


@pytest.mark.parametrize("platform", ["cisco_ios", "cisco_nxos"])
def test_a_copy_in_a_files_place_is_not_asked_in_vain(platform: str, tmp_path: Path) -> None:
    """What a take-over left that was cut short: the new name is there already."""
    with on(platform, tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        old = next(name for name in site.device.device.files if "pathguard-" in name)  # type: ignore[attr-defined]
        files = site.device.device.files  # type: ignore[attr-defined]
        driver = driver_of(site.device.access())
        files[old.replace(RUN, "1-other")] = (
            "cut short"  # sorted before the other, which is still the one that counts
        )
        told = driver.arm(site.channel, Order("1-other", 300.0, control.holder(), "its controller is lost"))
        assert (told.id, told.state) == ("1-other", "armed")
        assert [name for name in files if "pathguard-" in name] == [old.replace(RUN, "1-other")]
        assert told.fingerprint["static"] == told.armed_fingerprint["static"]


def test_ios_can_count_two_hours_and_says_so(tmp_path: Path) -> None:
    with on("cisco_ios", tmp_path) as site:
        outcome = run.arm_all(site.each, ["r1"], RUN, 7201.0)
        assert outcome.decision == "refused"
        assert "120 minutes at most" in outcome.messages[0]
        assert site.status().state == "none"


def test_junos_keeps_nobody_elses_edits(tmp_path: Path) -> None:
    with on("juniper_junos", tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change(timed=True)
        other = site.device.device.candidate  # type: ignore[attr-defined]
        other.set(["system", "location", "building", "somebody-elses-edit"])
        outcome = run.confirm_all(site.each, ["r1"], RUN)
        assert outcome.decision == "restored", outcome.messages
        assert "configuration database modified" in outcome.messages[0]
        assert not site.changed()
        assert "somebody-elses-edit" not in site.device.device.running()


def test_junos_gives_a_commit_more_time_and_still_goes_back_to_what_was_before_it(tmp_path: Path) -> None:
    with on("juniper_junos", tmp_path) as site:
        run.arm_all(site.each, ["r1"], RUN, 300.0)
        site.change(timed=True)
        run.renew_all(site.each, ["r1"], RUN, 900.0)
        assert site.status().remaining > 600
        assert run.restore_all(site.each, ["r1"], RUN, "").decision == "restored"
        assert not site.changed()
        assert "rollback 1" not in site.device.device.commands


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_the_device_complains_of_tells_no_secret(platform: str) -> None:
    class Complains:
        host = "r1"

        def send(self, line: str, **_unused: Any) -> str:
            if line.startswith(("configure exclusive", "configure")) and " " not in line.replace(
                " exclusive", ""
            ):
                return "Entering configuration mode\n"
            return (
                "% Invalid: snmp-server community sesame-1 RO\n"
                'error: syntax error: encrypted-password "sesame-2"\n'
                "ERROR: username x secret 5 $1$sesame-3\n"
            )

    means = DEVICES[platform].means
    with pytest.raises(CheckpointError) as refused:
        means.replace(Complains(), "pathguard-1--a--b")
    assert "sesame" not in str(refused.value)


class Says:
    """A device that gives the same answer to all, or others to some."""

    host = "r1"

    def __init__(self, usual: str, **others: str) -> None:
        self.usual = usual
        self.others = {words.replace("_", " "): answer for words, answer in others.items()}
        self.typed: list[str] = []

    def send(self, line: str, **_unused: Any) -> str:
        self.typed.append(line)
        return next((said for words, said in self.others.items() if line.startswith(words)), self.usual)


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("cisco_ios", "%Error opening flash:pathguard-1--a--b (No space left on device)\n"),
        ("cisco_ios", "%Error copying system:running-config (Not enough space on device)\n"),
        (
            "arista_eos",
            "% Error copying system:/running-config to flash:/x ([Errno 28] No space left on device)\n",
        ),
        ("cisco_nxos", "ERROR: write failed: No space left on device\n"),
        ("juniper_junos", "error: could not write file: No space left on device\n"),
    ],
)
def test_a_full_flash_is_told_in_the_devices_words(platform: str, said: str) -> None:
    with pytest.raises(CheckpointError, match="space"):
        DEVICES[platform].means.save(Says(said), "pathguard-1--a--b")


def test_a_line_of_the_log_is_no_refusal() -> None:
    said = (
        "%SYS-5-CONFIG_I: Configured from console by jo on vty0\nTotal number of passes: 1\nRollback Done\n"
    )
    device = Says(said)
    DEVICES["cisco_ios"].means.replace(device, "pathguard-1--a--b")
    assert device.typed == ["configure replace flash:pathguard-1--a--b force"]


def test_a_configuration_is_no_refusal_wherever_it_looks_like_one() -> None:
    said = "hostname r1\nbanner login ^C\n% Error: keep out\nERROR: really\n^C\n"
    for platform, found in DEVICES.items():
        if platform != "vyos":
            assert found.means.running(Says(said)) == said
            assert found.means.text(Says(said), "pathguard-1--a--b") == said


def test_vyos_commands_are_compared_and_nothing_else() -> None:
    means = DEVICES["vyos"].means
    shown = "set system host-name 'r1'\nset system domain-name \"% Error\"\n"
    assert means.running(Says(shown)) == "set system domain-name % Error\nset system host-name r1\n"
    for said in ("", "Configuration under specified path is empty\n"):
        with pytest.raises(CheckpointError, match="shows no configuration"):
            means.running(Says(said))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("ActiveState=active\nNextElapseUSecMonotonic=1h 2min 3.500000s\n3600.50\n", 123.0),
        ("ActiveState=active\nNextElapseUSecMonotonic=infinity\n3600.50\n", 0.0),
        ("ActiveState=inactive\nNextElapseUSecMonotonic=infinity\n3600.50\n", None),
    ],
)
def test_vyos_timer_is_read_by_the_devices_clock(said: str, left: float | None) -> None:
    assert DEVICES["vyos"].means.pending(Says(said)) == left


def test_ios_leaves_no_timer_that_cant_be_read() -> None:
    """A release that prints the timer otherwise: it would put back a change that nobody protects."""
    device = Says("", show_archive="The maximum archive configurations allowed is 10.\n")
    with pytest.raises(CheckpointError, match="starts no timer"):
        DEVICES["cisco_ios"].means.start(device, 300.0)
    assert device.typed[-1] == "configure confirm"


def test_junos_commits_nothing_that_was_loaded_with_errors() -> None:
    device = Says("", load_override="x:3:(7) syntax error: foo\nload complete (1 errors)\n")
    with pytest.raises(CheckpointError, match="load override"):
        DEVICES["juniper_junos"].means.replace(device, "pathguard-1--a--b")
    assert device.typed[-2:] == ["rollback 0", "exit"]
    assert "commit" not in device.typed


def test_junos_does_not_log_out_where_it_may_not_configure() -> None:
    device = Says("error: permission denied\n")
    with pytest.raises(CheckpointError, match="permission denied"):
        DEVICES["juniper_junos"].means.keep(device)
    assert device.typed == ["configure exclusive"]


@pytest.mark.parametrize(
    ("running", "startup"),
    [
        (
            "Building configuration...\n\nCurrent configuration : 12 bytes\n!\n"
            "! Last configuration change at 09:00:00 UTC Mon Nov 23 2026 by jo\n!\nhostname r1\n!\nend\n",
            "Using 12 out of 262144 bytes\n!\n! Last configuration change at 08:00:00 UTC\n!\nhostname r1\n!\nend\n",
        ),
        (
            "!Command: show running-config\n!Running configuration last done at: x\n!Time: y\n\nhostname r1\n",
            "!Command: show startup-config\n!Time: z\n!Startup config saved at: Mon Nov 23\n\nhostname r1\n",
        ),
        (
            "! Command: show running-config\n! device: sw1 (DCS, EOS-4.28.3M)\n!\nhostname r1\n!\nend\n",
            "! Command: show startup-config\n! Startup-config last modified at  Mon Nov 23 by jo\n"
            "! device: sw1 (DCS, EOS-4.28.3M)\n!\nhostname r1\n!\nend\n",
        ),
    ],
)
def test_what_is_saved_is_compared_without_its_headings(running: str, startup: str) -> None:
    assert digest(running) == digest(startup)
    assert digest(running) != digest(startup.replace("hostname r1", "hostname r2"))
