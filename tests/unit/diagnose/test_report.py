# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left for the ticket, and that no secret is in it."""

from __future__ import annotations

import json
import stat
import tarfile
from pathlib import Path

import pytest

from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose import report, screen
from ansible_collections.pathguard.network.plugins.plugin_utils.diagnose.report import without_noted
from ansible_collections.pathguard.network.plugins.plugin_utils.errors import GuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather import snapshot
from ansible_collections.pathguard.network.plugins.plugin_utils.model.raw import RawOutput
from tests.support.diagnose_scene import Ailing
from tests.support.states import app_rule, forward

SECRET = 'hun"ter2'


def unpacked(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        assert {member.mode for member in archive} == {0o600}
        return {
            member.name: (archive.extractfile(member) or pytest.fail("no file")).read().decode()
            for member in archive
        }


def test_the_archive_has_all_of_it(ailing: Ailing) -> None:
    ailing.change(forward(app_rule("10.10.1.0/26")))
    ailing.fail("timeout", "app08", "app09", "app10")
    found = ailing.ask(run_id="d1")
    files = report.write(found, [], bundle=True)
    held = unpacked(files["bundle"])
    assert {
        "d1/diagnosis.txt",
        "d1/diagnosis.json",
        "d1/report.json",
        "d1/facts.json",
        "d1/now/fw1.json",
    } <= set(held)
    assert held["d1/diagnosis.txt"] == screen.text(found)
    assert json.loads(held["d1/diagnosis.json"])["verdict"]["kind"] == "firewall"
    assert len(json.loads(held["d1/diagnosis.json"])["probes"]) == 10
    assert json.loads(held["d1/now/fw1.json"])["host"] == "fw1"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in found.folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(found.folder.stat().st_mode) == 0o700


def test_no_secret_is_in_it(ailing: Ailing) -> None:
    """Neither a login's password that a host has printed, nor what a device's configuration holds."""
    found = ailing.ask(run_id="d1")
    text = f"! {SECRET}\nenable secret 9 $9$abcdefgh\nusername ops secret 9 $9$ijklmnop\n"
    raw = [RawOutput("running_config", "show running-config", 0, text)]
    state = ailing.states["fw1"].to_dict()
    snapshot.write(found.folder / "now", snapshot.Snapshot("fw1", "cisco_ios", snapshot.now(), state, raw))
    found.case.notes = [f"a note with {SECRET}"]
    files = report.write(found, [SECRET, ""], bundle=True)
    for name, held in unpacked(files["bundle"]).items():
        for secret in (SECRET, json.dumps(SECRET)[1:-1], "abcdefgh", "ijklmnop"):
            assert secret not in held, name
    assert "enable secret 9 ********" in unpacked(files["bundle"])["d1/now/fw1.json"]
    assert SECRET not in files["text"].read_text() + files["json"].read_text()


def test_without_an_archive(ailing: Ailing) -> None:
    found = ailing.ask(run_id="d1")
    files = report.write(found, [], bundle=False)
    assert set(files) == {"json", "text"}
    assert not list(found.folder.glob("*.tar.gz"))


def test_an_archive_that_can_t_be_written_is_told(ailing: Ailing, monkeypatch: pytest.MonkeyPatch) -> None:
    found = ailing.ask(run_id="d1")

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(GuardError, match="No space left on device"):
        report.write(found, [], bundle=True)
    assert not list(found.folder.glob(".*"))


def test_the_summary_is_short(ailing: Ailing) -> None:
    ailing.change(forward(app_rule("10.10.1.0/26")))
    ailing.fail("timeout", "app08", "app09", "app10")
    found = ailing.ask(run_id="d1")
    lines = screen.summary(found, report.files_of(found)).splitlines()
    assert len(lines) <= 5
    assert lines[0].startswith("It is the firewall: fw1")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('comment "ops, password: s3cret, ask Ann"', 'comment "ops, password: ***, ask Ann"'),
        ('{"text": "accept comment \\"pw=s3cret\\""}', '{"text": "accept comment \\"pw=***\\""}'),
        ("API-Key = abc123 token:x", "API-Key = *** token:***"),
        ("tcp dport 5432 accept", "tcp dport 5432 accept"),
        ('{"password": 1, "compass": "n: 5"}', '{"password": 1, "compass": "n: 5"}'),
    ],
)
def test_what_a_comment_notes_of_passwords_is_not_in_the_bundle(text: str, masked: str) -> None:
    assert without_noted(text) == masked
