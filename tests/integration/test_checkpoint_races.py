# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is first wins, and the other is told; whatever happens to the host meanwhile."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint import control, run
from ansible_collections.pathguard.network.plugins.plugin_utils.checkpoint.status import CheckpointStatus
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import CheckpointError, GatherError
from tests.integration.checkpoint_hosts import NATIVE, RUN, SAVED, host_with, local_each, refused, wait_for
from tests.support.netns_host import ENVIRONMENT, NetnsHost

BREAK = "nft delete table inet filter"
HELD = "/var/lib/pathguard/held"
# Lets the timer's end be set to the hundredth of a second, which no option can.
SET_DEADLINE = """python3 -c "
import json, sys, time
path = '/var/lib/pathguard/held/deadline.json'
deadline = json.load(open(path))
deadline['boot'] = time.clock_gettime(time.CLOCK_BOOTTIME) + {seconds}
json.dump(deadline, open(path, 'w'))"
"""


def outcome_of(ask: Callable[[], CheckpointStatus]) -> str:
    """The state, or the words of the refusal."""
    try:
        return ask().state
    except CheckpointError as error:
        return str(error)


def test_confirm_against_the_timer_has_one_winner() -> None:
    """Fifty times; who lost gets a lead the next time, so that both are close on any machine."""
    lead = 0.0  # seconds by which the deadline comes later; below zero, by which the confirmation does
    winners = {"confirmed": 0, "fired": 0}
    with host_with() as host:
        for attempt in range(50):
            control.arm(host, RUN, 60)
            host.kill_guards()
            folder = host.sh(f"{BREAK}; realpath {HELD}").strip()
            host.sh(SET_DEADLINE.format(seconds=max(lead, 0.0) + 0.02))
            command = f"exec setsid python3 -I {folder}/agent.py guard {folder}"
            timer = subprocess.Popen(host.argv(command), stdin=subprocess.DEVNULL, env=ENVIRONMENT)
            try:
                time.sleep(max(-lead, 0.0))
                said = outcome_of(lambda: control.confirm(host, RUN))
            finally:
                assert timer.wait(timeout=20) == 0
            winner = "fired" if "too late to confirm: fire by timer was first" in said else said
            assert winner in winners, said
            assert ("table inet filter" in host.sh("nft list tables")) == (winner == "fired")
            winners[winner] += 1
            lead += 0.015 if winner == "fired" else -0.015
            found = control.absent(host, RUN)
            assert any(f"checkpoint of run {RUN}" in line for line in found.messages), attempt
            host.nft(f"flush ruleset\n{NATIVE}")
    assert min(winners.values()) >= 5, f"the race was none: {winners}"


def test_of_two_runs_that_arm_at_once_one_is_refused() -> None:
    with host_with() as host:
        for _attempt in range(8):

            def arm(name: str) -> CheckpointStatus | CheckpointError:
                try:
                    return control.arm(host, name, 60)
                except CheckpointError as error:
                    return error

            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(arm, ["run-a", "run-b"]))
            armed = [answer for answer in answers if isinstance(answer, CheckpointStatus)]
            errors = [answer for answer in answers if isinstance(answer, CheckpointError)]
            assert (len(armed), len(errors)) == (1, 1), answers
            assert f"checkpoint is armed for run {armed[0].id}" in str(errors[0])
            folder = host.sh(f"realpath {HELD}").strip()
            assert host.sh(f"ps -eww -o args= | grep -c 'guard {folder}$'").strip() == "1"
            control.absent(host, armed[0].id)
            assert sorted(host.sh("ls -A /var/lib/pathguard").split()) == ["lock", "work"]


def test_the_controller_killed_right_after_the_change() -> None:
    """The login's shell and all its children die; the timer is not among them."""
    with host_with() as host:
        before = host.sh("nft -s list ruleset")
        login = subprocess.Popen(
            host.argv("cat > /dev/null; sleep 60"), stdin=subprocess.PIPE, start_new_session=True
        )
        control.arm(host, RUN, 2)
        host.sh(BREAK)
        login.send_signal(signal.SIGKILL)
        login.wait()
        assert wait_for(host, "fired").proven is True
        assert sorted(host.sh("nft -s list ruleset").splitlines()) == sorted(before.splitlines())


def test_a_reboot_before_the_deadline() -> None:
    """Boot loads the changed file; a resumed timer puts back the file and the rules, by the wall clock."""
    with host_with(SAVED) as host:
        armed = control.arm(host, RUN, 8)
        host.sh(
            "echo 'table inet filter { chain forward { type filter hook forward priority 0; policy accept; }; }' > /etc/nftables.conf"
        )
        host.reboot()
        host.sh("nft -f /etc/nftables.conf")
        found = control.status(host)
        assert found.state == "armed"
        assert any("rebooted since" in line for line in found.messages)
        assert any("the timer does not run" in line and "resume" in line for line in found.messages)
        host.sh(f"python3 -I {HELD}/agent.py resume")
        assert not any("the timer does not run" in line for line in control.status(host).messages)
        fired = wait_for(host, "fired")
        assert fired.proven is True, fired
        assert fired.fingerprint == armed.fingerprint
        assert "10.10.1.0/24" in host.sh("cat /etc/nftables.conf; nft list ruleset")


def test_a_reboot_that_lasts_longer_than_the_deadline() -> None:
    with host_with(SAVED) as host:
        armed = control.arm(host, RUN, 1)
        host.kill_guards()
        host.reboot()
        time.sleep(1.2)
        found = control.status(host)
        assert (found.state, found.remaining) == ("armed", 0.0)
        assert any("overdue" in line for line in found.messages)
        host.sh(f"python3 -I {HELD}/agent.py resume")
        assert wait_for(host, "fired").fingerprint == armed.fingerprint


def test_a_confirmed_host_may_reboot() -> None:
    with host_with() as host:
        control.arm(host, RUN, 60)
        host.sh(BREAK)
        control.confirm(host, RUN)
        host.reboot()
        host.sh(f"python3 -I {HELD}/agent.py resume")
        assert host.guards() == []
        assert control.release(host, RUN).state == "none"


def test_an_interrupted_restore_is_taken_up() -> None:
    with host_with() as host:
        control.arm(host, RUN, 60)
        host.sh(BREAK)
        host.kill_guards()
        host.sh(f"""echo '{{"verb": "fire", "by": "timer", "at": 0}}' > {HELD}/claim.json""")
        assert control.status(host).state == "failed"
        host.sh(f"python3 -I {HELD}/agent.py resume")
        found = control.status(host)
        assert (found.state, found.proven) == ("fired", True)


def test_another_network_namespace_is_refused() -> None:
    with host_with() as host:
        control.arm(host, RUN, 60)
        host.sh(BREAK)

        class Elsewhere(NetnsHost):
            def __init__(self) -> None:
                self.host = "testhost"
                self.init = host.init

            def argv(self, command: str) -> list[str]:
                return [*super().argv('exec "$@"')[:-3], "unshare", "--net", "sh", "-c", command]

        elsewhere = Elsewhere()
        refusal = refused(control.restore, elsewhere, RUN)
        assert "another network namespace" in refusal
        assert "nothing would be restored from here" in " ".join(control.status(elsewhere).messages)
        assert control.status(host).state == "armed", "a refusal ends nothing"
        host.reboot()
        assert "not the network namespace of its init" in refused(control.restore, elsewhere, RUN)
        assert control.restore(host, RUN).proven is True


def test_armed_outside_of_the_hosts_own_namespace_a_reboot_ends_it() -> None:
    with host_with() as host:
        # A namespace of its own that outlives each call, as `ip netns` makes it.
        host.sh("mkdir -p /run/netns; ip netns add inner; ip netns exec inner nft add table inet inner")

        class Inner(NetnsHost):
            def __init__(self) -> None:
                self.host = "testhost"
                self.init = host.init

            def argv(self, command: str) -> list[str]:
                return super().argv(
                    f"exec nsenter --net=/run/netns/inner sh -c \"$(cat <<'EOF'\n{command}\nEOF\n)\""
                )

        inner = Inner()
        armed = control.arm(inner, RUN, 60)
        assert any("not the network namespace of the host's init" in line for line in armed.messages)
        host.reboot()
        assert "gone with it" in refused(control.restore, inner, RUN)


def test_disk_full_while_arming_arms_nothing_and_leaves_nothing() -> None:
    with host_with("mount -t tmpfs -o size=200k,mode=0700 tmpfs /var/lib/pathguard") as host:
        refusal = refused(control.arm, host, RUN, 60)
        assert "no room in /var/lib/pathguard" in refusal
        assert "nothing was armed" in refusal
        assert host.sh("ls -A /var/lib/pathguard").split() == ["lock", "work"]
        assert host.guards() == []
        assert control.status(host).state == "none"


def test_disk_full_after_arming_keeps_the_timer_from_nothing() -> None:
    with host_with("mount -t tmpfs -o size=640k,mode=0700 tmpfs /var/lib/pathguard") as host:
        control.arm(host, RUN, 2)
        host.sh("cat /dev/zero > /var/lib/pathguard/fill || true")
        host.sh(BREAK)
        fired = wait_for(host, "fired")
        assert fired.proven is True
        assert "table inet filter" in host.sh("nft list tables")


def test_a_disk_that_is_read_only_by_then_keeps_the_timer_from_nothing() -> None:
    with host_with("mount -t tmpfs tmpfs /var/lib/pathguard") as host:
        control.arm(host, RUN, 2)
        folder = "/var/lib/pathguard"
        host.sh(f"{BREAK}; mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}")
        time.sleep(3)
        assert "table inet filter" in host.sh("nft list tables")


SHIM = r"""#!/bin/sh
echo "$@" >> /run/systemd-run.log
while [ "${1#-}" != "$1" ]; do shift; done
setsid "$@" > /dev/null 2>&1 < /dev/null &
"""


def test_where_systemd_runs_it_runs_the_timer_and_starts_it_at_boot() -> None:
    """A stand-in for systemd-run: what is asked of systemd, and that all of it goes at the end."""
    with host_with("mkdir -p /run/systemd/system /run/sbin; mount --bind /run/sbin /usr/local/sbin") as host:
        host.sh("cat > /usr/local/sbin/systemd-run; chmod 755 /usr/local/sbin/systemd-run", SHIM)
        armed = control.arm(host, RUN, 60)
        assert (armed.timer, len(host.guards())) == ("systemd", 1)
        asked = host.sh("cat /run/systemd-run.log")
        assert "--property=Restart=on-failure" in asked
        assert "--unit=pathguard-checkpoint-run-1" in asked
        unit = host.sh("cat /etc/systemd/system/multi-user.target.wants/pathguard-checkpoint.service")
        assert f"guard {host.sh(f'realpath {HELD}').strip()}" in unit
        control.confirm(host, RUN)
        assert host.sh("find /etc/systemd -name 'pathguard*'") == ""


def test_an_at_reboot_line_of_cron_on_request() -> None:
    with host_with() as host:
        control.arm(host, RUN, 60, boot_hook="cron")
        line = host.sh("cat /etc/cron.d/pathguard-checkpoint")
        host.reboot()
        assert line.startswith("@reboot root ")
        host.sh(line.removeprefix("@reboot root "))
        assert len(host.guards()) == 1
        assert control.restore(host, RUN).proven is True
        assert host.sh("ls /etc/cron.d | grep pathguard || true") == ""


def test_all_are_armed_or_none() -> None:
    with host_with(name="a") as a, host_with(name="b") as b:
        each = local_each({"a": a, "b": b})
        control.arm(b, "other", 60)
        outcome = run.arm_all(each, ["a", "b"], RUN, 60)
        assert outcome.decision == "refused"
        assert list(outcome.failed) == ["b"]
        assert (control.status(a).state, control.status(b).id) == ("none", "other")
        assert run.answer_dict("b", outcome.hosts["b"])["state"] == "unknown"
        control.absent(b, "other")
        assert run.arm_all(each, ["a", "b"], RUN, 60).decision == "armed"
        control.absent(b, RUN)
        control.arm(b, "other", 60)
        assert run.arm_all(each, ["a", "b"], RUN, 60).decision == "refused"
        assert control.status(a).id == RUN, "what an earlier call armed stays"


def test_all_are_confirmed_and_released() -> None:
    with host_with(name="a") as a, host_with(name="b") as b:
        each = local_each({"a": a, "b": b})
        run.arm_all(each, ["a", "b"], RUN, 60)
        a.sh(BREAK)
        outcome = run.confirm_all(each, ["a", "b"], RUN)
        assert (outcome.decision, outcome.messages) == ("confirmed", [])
        assert [control.status(host).state for host in (a, b)] == ["none", "none"]
        assert "inet filter" not in a.sh("nft list tables")


def test_one_that_fired_has_all_restored() -> None:
    with host_with(name="a") as a, host_with(name="b") as b:
        each = local_each({"a": a, "b": b})
        run.arm_all(each, ["a", "b"], RUN, 60)
        a.sh(BREAK)
        b.sh(BREAK)
        control.renew(b, RUN, 1)
        wait_for(b, "fired")
        outcome = run.confirm_all(each, ["a", "b"], RUN)
        assert outcome.decision == "restored"
        assert "b could not hold: too late to renew: fire by timer was first" in outcome.messages[0]
        for host in (a, b):
            assert "inet filter" in host.sh("nft list tables")


def test_one_that_is_lost_after_others_confirmed_has_all_restored() -> None:
    """The worst moment: ``a`` is confirmed already when ``b`` can't be reached."""
    with host_with(name="a") as a, host_with(name="b") as b:

        class Lost(NetnsHost):
            def __init__(self) -> None:
                self.host, self.init, self.calls = "b", b.init, 0

            def run(self, command: str, **options: object) -> object:  # type: ignore[override]
                self.calls += 1
                if self.calls > 2:  # arm and hold pass
                    raise GatherError("connection lost", "b", "")
                return super().run(command, **options)  # type: ignore[arg-type]

        each = local_each({"a": a, "b": Lost()})
        run.arm_all(each, ["a", "b"], RUN, 4)
        a.sh(BREAK)
        b.sh(BREAK)
        outcome = run.confirm_all(each, ["a", "b"], RUN, margin=4)
        assert outcome.decision == "unproven"
        assert any("b: not proven to be restored: connection lost" in line for line in outcome.messages)
        found = control.status(a)
        assert (found.state, found.proven) == ("restored", True)
        assert "inet filter" in a.sh("nft list tables"), "a was confirmed, and is restored all the same"
        assert wait_for(b, "fired").proven is True
