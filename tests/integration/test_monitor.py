# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a fault on a real firewall to a notice at a webhook: by an event, by the interval, and for a long time."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from lab.pathguard_lab.process import inside
from tests.integration.lab_fixture import INVENTORY, ROOT, Lab
from tests.integration.monitor_play import SECRET, Ears, Monitored, monitored, sequence
from tests.integration.test_harmless_changes import KEEP, PUT_BACK
from tests.support.fault_catalogue import Fault, faults
from tests.support.harmless import SEED, changes

NARROW = "sed -i 's,10.10.1.0/24 ip daddr,10.10.1.0/26 ip daddr,' /etc/nftables.conf && reload-firewall"
WIDEN = "sed -i 's,10.10.1.0/26 ip daddr,10.10.1.0/24 ip daddr,' /etc/nftables.conf && reload-firewall"
PATH = "app to primary"
# From the change to the notice's arrival, in seconds; the former where nobody else wants the processors.
BY_EVENT, BY_INTERVAL = 5.0, 60.0

MINUTES = float(os.environ.get("PATHGUARD_MONITOR_MINUTES", "60"))
# Seconds for which a harmless change is looked at.
DWELL = 15.0
# Faults that are there at once, on the network over fw1 alone, by the lab's own policy.
FAULTS = ("01", "03a", "05a", "06", "07a", "11", "14", "15", "16a", "16b", "18a", "20a", "20b", "23", "26", "27", "27b", "28")  # fmt: skip
CUT_OFF = "28"
KEEP_MORE = "tar -rf /tmp/harmless.tar /var/lib/postgresql/main/postgresql.conf 2>/dev/null; true"
# What harmless changes leave alone.
PUT_MORE_BACK = """
if command -v iptables-legacy >/dev/null; then iptables-legacy -F; fi
case $(hostname) in
app*) ip route replace 10.20.1.0/24 via 10.10.1.1 ;;
fw1) ip route del blackhole 10.20.1.10/32 ;;
db1) if ! ss -Hlnt | grep -q '0.0.0.0:5432'; then /usr/local/sbin/lab-postgresql restart; fi ;;
esac
true
"""


@pytest.fixture
def monitor(fresh_lab: Lab, tmp_path: Path) -> Iterator[Monitored]:
    with monitored(fresh_lab, tmp_path) as made:
        yield made


def test_a_fault_is_noticed_by_an_event_and_by_the_interval(monitor: Monitored, fresh_lab: Lab) -> None:
    """The rule change itself is the event; then the monitor is killed, and the next one goes on by its interval."""
    running = monitor.start(monitor_interval=60, monitor_for=300)
    monitor.wait("a first round", monitor.rounds)
    listen = inside(fresh_lab.init("fw1").pid, ["nft", "monitor"])
    with Ears({"follow": [{"host": "fw1", "command": listen}], "wake": [str(monitor.state_dir)]}) as ears:
        time.sleep(0.5)
        began = time.time()
        fresh_lab.run("fw1", NARROW, check=True)
        entry = monitor.wait_for_notice("problem", PATH, 0)
    assert entry["at"] - began < BY_EVENT * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert [event["hosts"] for event in ears.events] == [["fw1"]]
    notice = entry["notice"]
    assert notice["hosts"] == ["app08", "app09", "app10"]
    assert "10.10.1.0/26" in notice["rules"][0]["text"]
    assert notice["rules"][0]["commands"]
    assert entry["url"] == f"/{SECRET}"
    monitor.wait("both paths", lambda: len(monitor.notices()) == 2)
    running.kill()
    fresh_lab.run("fw1", WIDEN, check=True)
    monitor.start(monitor_interval=2, monitor_for=60, path_monitor_confirm_pause=0.5)
    monitor.wait_for_notice("recovered", PATH, 2)
    monitor.wait("both paths", lambda: len(monitor.notices()) == 4)
    events = [event for event, _now in sequence(monitor.notices())[PATH]]
    assert events == ["problem", "recovered"], "nothing is told twice, whoever was killed"
    files = [path for path in monitor.folder.rglob("*") if path.is_file() and path != monitor.log]
    assert not [path for path in files if SECRET in path.read_text("utf-8", "replace")]


@pytest.mark.long
def test_runs_by_a_schedule(monitor: Monitored, fresh_lab: Lab) -> None:
    """One round a run, as cron does it; a webhook that is down; a disk that is full."""
    code, output = monitor.run()
    assert code == 0, output
    assert "PathGuard monitor: 1 round: 3 of 3 paths as wanted; 0 notices, 0 delivered" in output
    fresh_lab.run("fw1", NARROW, check=True)
    port, monitor.port = monitor.port, 9
    code, output = monitor.run()
    assert code == 0, output
    assert (
        "PathGuard monitor: 'app to primary' is partial (7 of 10 app hosts), it was open: app08-app10"
        in output
    )
    assert (
        "2 notices wait for webhook 1 (generic): there is no connection to it: Connection refused" in output
    )
    assert SECRET not in output
    monitor.port = port
    time.sleep(5)
    code, output = monitor.run()
    assert code == 0, output
    assert "1 of 3 paths as wanted; not: app to primary, app to standby, for a failover; 0 notices" in output
    assert [notice["event"] for notice in monitor.notices()] == ["problem", "problem"]
    code, output = monitor.run(path_monitor_fail_on="violation")
    assert code == 2
    assert "not: app to primary, app to standby, for a failover" in output
    assert len(monitor.notices()) == 2


@pytest.mark.long
def test_a_disk_that_is_full(monitor: Monitored, fresh_lab: Lab) -> None:
    """Who can't remember tells nobody and fails; when there is room again, the next run tells, once."""
    small = monitor.folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)]
    # Mounted in the controller's own view of the files, where the monitor runs.
    assert fresh_lab.in_controller(mount).returncode == 0
    settings = {"path_monitor_state_dir": str(small / "state")}
    code, output = monitor.run(**settings)
    assert code == 0, output
    fresh_lab.in_controller(["dd", "if=/dev/zero", f"of={small}/filler", "bs=64k"])
    fresh_lab.run("fw1", NARROW, check=True)
    code, output = monitor.run(**settings)
    assert code == 2
    assert "nobody was told, because it can't be remembered" in output
    assert monitor.notices() == []
    fresh_lab.in_controller(["rm", f"{small}/filler"])
    assert monitor.run(**settings)[0] == 0
    assert monitor.run(**settings)[0] == 0
    assert sorted(notice["path"] for notice in monitor.notices()) == [PATH, "app to standby, for a failover"]
    fresh_lab.in_controller(["umount", str(small)])


@pytest.mark.long
def test_a_host_that_hangs_holds_up_nobody(monitor: Monitored, fresh_lab: Lab) -> None:
    monitor.start(monitor_interval=10, monitor_for=200, path_monitor_host_timeout=8)
    monitor.wait("a first round", monitor.rounds)
    # Whoever logs in waits for ever.
    fresh_lab.run(
        "db2",
        "mv /bin/sh /bin/sh.away; printf '#!/bin/bash\\nexec sleep 600\\n' > /bin/sh; chmod +x /bin/sh",
        check=True,
    )
    monitor.wait_for_notice("unknown", "app to standby, for a failover", 0, BY_INTERVAL)
    began = time.time()
    fresh_lab.run("fw1", NARROW, check=True)
    assert monitor.wait_for_notice("problem", PATH, 0, BY_INTERVAL)["at"] - began < BY_INTERVAL
    fresh_lab.run("db2", ["/bin/bash", "-c", "mv /bin/sh.away /bin/sh"], check=True)


def make(lab: Lab, fault: Fault) -> None:
    play = ROOT / "lab" / "scenarios" / "faults" / "apply.yml"
    done = lab.ansible(play, "-i", str(INVENTORY), "-e", json.dumps({"fault": fault.id}))
    # One of them cuts off whoever makes it.
    assert done.returncode == (4 if fault.id == CUT_OFF else 0), done.stdout


def put_back(lab: Lab, *hosts: str) -> None:
    for host in hosts:
        lab.run(host, PUT_BACK + PUT_MORE_BACK, check=True)


def wait_until_well(monitor: Monitored, told: set[str]) -> None:
    def well() -> bool:
        last = {notice["path"]: notice["event"] for notice in monitor.notices()}
        return all(last[path] == "recovered" for path in told)

    monitor.wait(f"the end of {sorted(told)}", well, BY_INTERVAL)


@pytest.mark.long
@pytest.mark.timeout(MINUTES * 60 + 600)
def test_random_faults_and_harmless_changes(monitor: Monitored, fresh_lab: Lab) -> None:
    """For PATHGUARD_MONITOR_MINUTES (an hour): every fault is noticed in time, nothing else is told, nothing twice."""
    random = Random(SEED)
    catalogue = [fault for fault in faults() if fault.id in FAULTS]
    assert len(catalogue) == len(FAULTS)
    harmless = iter(changes(1000))
    for host in (*fresh_lab.app_hosts, "fw1", "fw2", "db1", "db2"):
        fresh_lab.run(host, KEEP + "; " + KEEP_MORE, check=True)
    end = time.monotonic() + MINUTES * 60
    monitor.start(monitor_interval=10, monitor_for=MINUTES * 60 + 300, path_monitor_flaps=0)
    monitor.wait("a first round", monitor.rounds)
    waiting: list[Fault] = []
    seconds: dict[str, list[float]] = {}
    quiet = 0
    while time.monotonic() < end:
        if not waiting:
            waiting = random.sample(catalogue, len(catalogue))
        fault = waiting.pop()
        before = len(monitor.notices())
        make(fresh_lab, fault)
        made = time.time()
        entry = monitor.wait(
            f"fault {fault.id}",
            lambda path=fault.path, seen=before: next(
                (item for item in monitor.entries()[seen:] if item["notice"]["path"] == path), None
            ),
            BY_INTERVAL,
        )
        assert entry["notice"]["event"] in ("problem", "unknown"), fault
        seconds.setdefault(fault.id, []).append(max(0.0, entry["at"] - made))
        time.sleep(random.uniform(0, 5))
        put_back(fresh_lab, fault.host, *(["app03"] if fault.id == "27" else []))
        wait_until_well(monitor, {notice["path"] for notice in monitor.notices()[before:]})
        for change in (next(harmless), next(harmless)):
            told = len(monitor.notices())
            for host, script in change.scripts.items():
                fresh_lab.run(host, f"set -e\n{script}", check=True)
            time.sleep(random.uniform(DWELL / 3, DWELL))
            put_back(fresh_lab, *change.scripts)
            assert monitor.notices()[told:] == [], change.name
            quiet += 1
    notices = monitor.notices()
    assert len({notice["id"] for notice in notices}) == len(notices)
    for path, told in sequence(notices).items():
        assert all(one[1] != other[1] for one, other in itertools.pairwise(told)), (path, told)
        assert told[-1][0] == "recovered"
    times = [one for each in seconds.values() for one in each]
    print(
        f"\n{len(times)} faults of {len(seconds)} kinds, {quiet} harmless changes, {len(notices)} notices, "
        f"{monitor.rounds()} rounds; from fault to notice: median {sorted(times)[len(times) // 2]:.1f} s, "
        f"at most {max(times):.1f} s"
    )
    assert max(times) < BY_INTERVAL
