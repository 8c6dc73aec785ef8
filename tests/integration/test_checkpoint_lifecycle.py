# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of docs/checkpoint.md: every state, every event, what comes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import control
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import CheckpointStatus
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Reply
from tests.integration.checkpoint_hosts import NATIVE, RUN, host_with, refused, wait_for
from tests.support.netns_host import NetnsHost

BREAK = "nft delete table inet filter"


def _armed(host: NetnsHost) -> None:
    control.arm(host, RUN, 300)


def _confirmed(host: NetnsHost) -> None:
    control.arm(host, RUN, 300)
    control.confirm(host, RUN)


def _restored(host: NetnsHost) -> None:
    control.arm(host, RUN, 300)
    host.sh(BREAK)
    control.restore(host, RUN)


def _fired(host: NetnsHost) -> None:
    control.arm(host, RUN, 1)
    host.sh(BREAK)
    wait_for(host, "fired")


def _failed(host: NetnsHost) -> None:
    """A restore that was claimed, by an agent that died before it did anything."""
    control.arm(host, RUN, 300)
    host.kill_guards()
    host.sh("""cd /var/lib/pathguard/held; echo '{"verb": "restore", "by": "test", "at": 0}' > claim.json""")


REACH: dict[str, Callable[[NetnsHost], None]] = {
    "none": lambda host: None,
    "armed": _armed,
    "confirmed": _confirmed,
    "restored": _restored,
    "fired": _fired,
    "failed": _failed,
}

EVENTS: dict[str, Callable[[NetnsHost], CheckpointStatus]] = {
    "arm, same run": lambda host: control.arm(host, RUN, 200),
    "arm, another run": lambda host: control.arm(host, "run-2", 200),
    "arm, taking over": lambda host: control.arm(host, "run-2", 200, take_over="its controller is lost"),
    "renew": lambda host: control.renew(host, RUN, 200),
    "hold": lambda host: control.hold(host, RUN, 60),
    "confirm": lambda host: control.confirm(host, RUN),
    "release": lambda host: control.release(host, RUN),
    "restore": lambda host: control.restore(host, RUN),
    "absent": lambda host: control.absent(host, RUN),
    "status": control.status,
}

# state -> event -> (state after, and whose), or the words of the refusal.
TABLE: dict[str, dict[str, tuple[str, str] | str]] = {
    "none": {
        "arm, same run": ("armed", RUN),
        "arm, another run": ("armed", "run-2"),
        "arm, taking over": ("armed", "run-2"),
        "renew": "no checkpoint run-1 is held",
        "hold": "no checkpoint run-1 is held",
        "confirm": "no checkpoint run-1 is held",
        "release": ("none", ""),
        "restore": "no checkpoint run-1 is held",
        "absent": ("none", ""),
        "status": ("none", ""),
    },
    "armed": {
        "arm, same run": ("armed", RUN),
        "arm, another run": "checkpoint is armed for run run-1 of",
        "arm, taking over": ("armed", "run-2"),
        "renew": ("armed", RUN),
        "hold": ("armed", RUN),
        "confirm": ("confirmed", RUN),
        "release": "is armed, not confirmed",
        "restore": ("restored", RUN),
        "absent": ("none", ""),
        "status": ("armed", RUN),
    },
    "confirmed": {
        "arm, same run": "checkpoint is confirmed for run run-1 of",
        "arm, another run": "checkpoint is confirmed for run run-1 of",
        "arm, taking over": ("armed", "run-2"),
        "renew": "too late to renew: confirm by",
        "hold": "too late to renew: confirm by",
        "confirm": ("confirmed", RUN),
        "release": ("none", ""),
        "restore": ("restored", RUN),
        "absent": ("none", ""),
        "status": ("confirmed", RUN),
    },
    "restored": {
        "arm, same run": ("armed", RUN),
        "arm, another run": ("armed", "run-2"),
        "arm, taking over": ("armed", "run-2"),
        "renew": "too late to renew: restore by",
        "hold": "too late to renew: restore by",
        "confirm": "too late to confirm: restore by",
        "release": "is restored, not confirmed",
        "restore": ("restored", RUN),
        "absent": ("none", ""),
        "status": ("restored", RUN),
    },
    "fired": {
        "arm, same run": ("armed", RUN),
        "arm, another run": ("armed", "run-2"),
        "arm, taking over": ("armed", "run-2"),
        "renew": "too late to renew: fire by timer",
        "hold": "too late to renew: fire by timer",
        "confirm": "too late to confirm: fire by timer",
        "release": "is fired, not confirmed",
        "restore": ("fired", RUN),
        "absent": ("none", ""),
        "status": ("fired", RUN),
    },
    "failed": {
        "arm, same run": "checkpoint is failed for run run-1 of",
        "arm, another run": "checkpoint is failed for run run-1 of",
        "arm, taking over": ("armed", "run-2"),
        "renew": "too late to renew: restore by test",
        "hold": "too late to renew: restore by test",
        "confirm": "too late to confirm: restore by test",
        "release": "is failed, not confirmed",
        "restore": ("restored", RUN),
        "absent": ("none", ""),
        "status": ("failed", RUN),
    },
}


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(REACH)
    assert all(set(events) == set(EVENTS) for events in TABLE.values())


@pytest.mark.parametrize("state", TABLE)
def test_every_event_in_every_state(state: str) -> None:
    with host_with() as host:
        for event, wanted in TABLE[state].items():
            REACH[state](host)
            assert control.status(host).state == state
            if isinstance(wanted, str):
                assert wanted in refused(EVENTS[event], host), f"{event} in {state}"
                assert control.status(host).state == state
            else:
                after = EVENTS[event](host)
                assert (after.state, after.id) == wanted, f"{event} in {state}: {after}"
                assert control.status(host).state == wanted[0]
                if after.state == "armed":
                    seconds = 200 if event.startswith(("arm", "renew")) else 300
                    assert after.remaining == pytest.approx(seconds, abs=8), event
            control.absent(host, RUN, take_over="the next test")
            host.nft(f"flush ruleset\n{NATIVE}")


def test_what_is_answered_when_armed() -> None:
    with host_with() as host:
        armed = control.arm(host, RUN, 90, by={"user": "alice", "controller": "ctl"})
        assert armed.holder == {"user": "alice", "controller": "ctl"}
        assert armed.remaining == pytest.approx(90, abs=5)
        assert armed.fingerprint == armed.armed_fingerprint
        assert set(armed.fingerprint) == {"static", "dynamic", "saved"}
        assert (armed.protection, armed.disruption, armed.timer) == ("arm_before", "none", "process")
        assert armed.newly_armed
        assert not control.status(host).newly_armed
        folder = "/var/lib/pathguard"
        modes = host.sh(f"find {folder} -type f -printf '%m\\n'; find {folder} -type d -printf '%m\\n'")
        assert set(modes.split()) <= {"600", "700"}
        refusal = refused(control.arm, host, "run-2", 60)
        assert "run run-1 of alice on ctl, since 20" in refusal
        assert "s left" in refusal


def test_the_agent_is_not_an_ordinary_process_of_the_session() -> None:
    with host_with() as host:
        control.arm(host, RUN, 60)
        (pid,) = host.guards()
        folder = host.sh("realpath /var/lib/pathguard/held").strip()
        files = host.sh(f"cd /proc/{pid}/fd; for n in *; do readlink $n; done").split()
        assert sorted(files) == ["/dev/null", "/dev/null", f"{folder}/log"], "none of the session's"
        sid, ppid = host.sh(f"ps -o sid=,ppid= -p {pid}").split()
        assert ppid == "1"
        assert sid not in ("0", "1")
        environment = host.sh(f"tr '\\0' '\\n' < /proc/{pid}/environ").split()
        assert environment == ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]


def test_renewing_moves_the_deadline_of_a_running_timer() -> None:
    with host_with() as host:
        control.arm(host, RUN, 2)
        host.sh(BREAK)
        assert control.renew(host, RUN, 60).remaining > 50
        time.sleep(3)
        assert control.status(host).state == "armed"
        control.renew(host, RUN, 1)
        assert wait_for(host, "fired").proven is True


def test_hold_never_shortens() -> None:
    with host_with() as host:
        control.arm(host, RUN, 300)
        assert control.hold(host, RUN, 60).remaining > 290
        control.renew(host, RUN, 20)
        assert control.hold(host, RUN, 60).remaining == pytest.approx(60, abs=5)


def test_arming_again_keeps_the_first_record() -> None:
    with host_with() as host:
        first = control.arm(host, RUN, 60)
        host.sh(BREAK)
        again = control.arm(host, RUN, 60)
        assert again.armed_fingerprint == first.armed_fingerprint
        assert not again.newly_armed
        assert any("was armed already" in line for line in again.messages)
        assert control.restore(host, RUN).proven is True


def test_taking_over_keeps_the_record_and_logs_the_reason() -> None:
    with host_with() as host:
        first = control.arm(host, RUN, 60)
        host.sh(BREAK)
        taken = control.arm(
            host,
            "run-2",
            60,
            take_over="CHG-1: the controller is lost",
            by={"user": "bob", "controller": "c2"},
        )
        assert (taken.id, taken.holder["user"]) == ("run-2", "bob")
        assert taken.armed_fingerprint == first.armed_fingerprint
        assert "taken over from run run-1" in host.sh("cat /var/lib/pathguard/held/log")
        assert "CHG-1: the controller is lost" in host.sh("cat /var/lib/pathguard/held/log")
        assert "belongs to run run-2 of bob on c2" in refused(control.confirm, host, RUN)
        assert control.restore(host, "run-2").proven is True


def test_dropping_anothers_checkpoint_needs_a_reason() -> None:
    with host_with() as host:
        control.arm(host, RUN, 60)
        assert "belongs to run run-1" in refused(control.absent, host, "run-2")
        assert control.absent(host, "run-2", take_over="tests").state == "none"


def test_a_confirmed_checkpoint_that_nobody_releases_ends_with_its_time() -> None:
    with host_with() as host:
        control.arm(host, RUN, 2)
        control.confirm(host, RUN)
        assert "is confirmed for run run-1" in refused(control.arm, host, "run-2", 60)
        time.sleep(2.2)
        found = control.status(host)
        assert found.state == "confirmed"
        assert any("another run may arm" in line for line in found.messages)
        assert control.arm(host, "run-2", 60).id == "run-2"


def test_confirming_leaves_no_timer_and_releasing_leaves_nothing() -> None:
    with host_with() as host:
        control.arm(host, RUN, 60)
        control.confirm(host, RUN)
        control.release(host, RUN)
        time.sleep(1.5)
        assert host.guards() == []
        assert host.sh("ls -A /var/lib/pathguard").split() == ["lock", "work"]


def test_the_script_on_the_console_needs_nothing_but_root() -> None:
    with host_with() as host:
        armed = control.arm(host, RUN, 60)
        host.sh(BREAK)
        assert armed.script == host.sh("realpath /var/lib/pathguard/restore-now").strip()
        said = host.sh("env -i /var/lib/pathguard/restore-now")
        assert "was changed since arming: nft/inet/filter" in said
        assert "the firewall is as it was recorded" in said
        found = control.status(host)
        assert (found.state, found.proven) == ("restored", True)
        assert any("restore by console" in line for line in found.messages)


def test_the_script_works_without_python() -> None:
    with host_with("ipset create app hash:ip; ipset add app 10.10.1.5") as host:
        before = host.sh("nft -s list ruleset")
        armed = control.arm(host, RUN, 60)
        host.sh(f"{BREAK}; ipset flush app")
        script = host.sh(f"cat {armed.script}")
        python = next(line.split()[3] for line in script.splitlines() if line.startswith("if [ -x"))
        said = host.sh(f"sed 's,{python},/nowhere/python3,g' {armed.script} > /run/script; sh /run/script")
        assert "is gone: loading what was recorded" in said
        assert sorted(host.sh("nft -s list ruleset").splitlines()) == sorted(before.splitlines())
        assert "10.10.1.5" in host.sh("ipset save")


BAD = {
    "an id that is a path": ({"run_id": "../x"}, "can't be a checkpoint's id"),
    "an empty id": ({"run_id": ""}, "can't be a checkpoint's id"),
    "no time": ({"run_id": RUN, "timeout": 0}, "a timer of 0 s is not possible"),
    "too long": ({"run_id": RUN, "timeout": 1e9}, "is not possible"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests_are_refused(case: str) -> None:
    options, words = BAD[case]
    with host_with(native="") as host:
        assert words in refused(control.arm, host, **options)
        assert host.sh("ls -A /var/lib/pathguard") == ""


def test_without_root_it_says_so() -> None:
    class Plain(NetnsHost):
        """Root of the host, but for the agent: its user id is changed before it runs."""

        def run(self, command: str, **options: Any) -> Reply:
            return super().run(command.replace("exec(", "import os; os.setuid(65534); exec("), **options)

    plain = Plain()
    try:
        assert "only root may" in refused(control.status, plain)
        assert "only root may" in refused(control.arm, plain, RUN, 60)
    finally:
        plain.close()


def test_while_a_restore_is_at_work_nothing_else_is_done() -> None:
    with host_with() as host:
        control.arm(host, RUN, 300)
        host.kill_guards()
        claim = '{"verb": "restore", "by": "test", "at": 0}'
        host.sh(f"echo '{claim}' > /var/lib/pathguard/held/claim.json")
        work = subprocess.Popen(
            host.argv("exec flock /var/lib/pathguard/work sh -c 'echo begun; exec sleep 60'"),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert work.stdout is not None
            assert work.stdout.readline() == "begun\n"
            assert control.status(host).state == "restoring"
            for event, words in {
                "arm, same run": "checkpoint is restoring for run run-1",
                "arm, another run": "checkpoint is restoring for run run-1",
                "arm, taking over": "a restore is at work",
                "renew": "too late to renew: restore by test",
                "hold": "too late to renew: restore by test",
                "confirm": "too late to confirm: restore by test",
                "release": "is restoring, not confirmed",
                "absent": "too late to drop: restore by test",
            }.items():
                assert words in refused(EVENTS[event], host), event
            assert control.status(host).state == "restoring"
        finally:
            os.killpg(work.pid, signal.SIGKILL)
            work.wait()
            if work.stdout is not None:
                work.stdout.close()
        host.sh("pgrep -x sleep | grep -vx 1 | xargs -r kill -9")
        assert control.restore(host, RUN).state == "restored"
