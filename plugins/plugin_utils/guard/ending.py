# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run ended: what keeps the change, what was put back and is proven, what is left to do by hand."""

from __future__ import annotations

from collections.abc import Sequence

from .after import CONFIRMED, After
from .detail import hosts, some
from .probes import REACHABLE, ProbeRow
from .revert import BEFORE_THROUGH, STILL_WORSE, Revert, thing

# How many of a kind are told.
TOLD = 5
# Characters of a digest that people compare.
DIGEST = 12


def told(found: After) -> list[str]:
    lines = []
    if found.decision == CONFIRMED:
        keepers = hosts(found.run.protected) or "nobody: nothing was protected"
        lines.append(f"kept      by {keepers}; {probe_line(found.rows) or 'no probes'}")
    back = found.revert
    if back is not None:
        lines += some([f"reverted  {line}" for line in _reverted(back)], TOLD)
        lines += _proof_of_revert(found)
        lines += [f"TROUBLE   {item}" for item in some(_trouble(found, back), TOLD)]
        lines += [f"BY HAND   {item}" for item in some(back.manual, TOLD)]
    return lines + [f"BY HAND   {item}" for item in _unprotected(found)]


def _trouble(found: After, back: Revert) -> list[str]:
    """Where nothing was put back, all is as the paths and probes told it already."""
    if back.changed:
        return back.trouble
    told = {f"{STILL_WORSE}{change.text()}" for change in found.changes if change.fails}
    return [
        item
        for item in back.trouble
        if item not in told and not (found.rows and item.endswith(BEFORE_THROUGH))
    ]


def _unprotected(found: After) -> list[str]:
    """What is left where a change did harm on a host without a checkpoint."""
    if found.decision == CONFIRMED or not found.proof:
        return []
    bad = {change.name for change in found.changes if change.fails}
    causes = [
        cause for entry in found.proof.document["paths"] if entry["name"] in bad for cause in entry["remedy"]
    ]
    back = found.revert.changed if found.revert else {}
    left = [
        host
        for host in dict.fromkeys(cause["host"] for cause in causes if cause["chain"])
        if host not in found.run.protected and host not in back
    ]
    cannot = {host: found.run.unprotected[host] for host in left if host in found.run.unprotected}
    lines = [
        f"{host} is not protected ({why}): undo its change as told above" for host, why in cannot.items()
    ]
    could = [host for host in left if host not in cannot]
    if could:
        lines.append(
            f"{hosts(could)}: not protected; undo the change as told above, and add to path_guard_protect for next time"
        )
    return lines


def _reverted(back: Revert) -> list[str]:
    """Hosts on which the same was put back, as one: a change may reach hundreds."""
    alike: dict[str, list[str]] = {}
    for host, tables in back.changed.items():
        by = "its own timer was first" if host in back.by_timer else "put back"
        alike.setdefault(f"({', '.join(thing(table) for table in tables)}): {by}", []).append(host)
    lines = []
    for what, names in alike.items():
        digest = back.fingerprints.get(names[0], "")[:DIGEST]
        proven = (
            "NOT PROVEN"
            if not back.fingerprint
            else f"fingerprint {digest}, equal to the checkpoint's"
            if len(names) == 1
            else "fingerprints equal to the checkpoints'"
        )
        lines.append(f"{hosts(names)} {what}; {proven}")
    return lines


def _proof_of_revert(found: After) -> list[str]:
    back = found.revert
    if back is None or back.paths is None:
        return []
    word = "proven   " if back.changed else "now      "
    line = f"{word} paths {back.paths_back} of {len(found.before)} as before"
    if back.probes is not None:
        line += f"; probes {back.probes_through} of {back.probes_asked} through"
    return [line]


def probe_line(rows: Sequence[ProbeRow]) -> str:
    if not rows:
        return ""
    through = sum(row.result == REACHABLE for row in rows)
    return f"{through} of {len(rows)} new connections get through"
