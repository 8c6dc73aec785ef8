# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measured process: ``one_compare.py BEFORE AFTER``, two outputs of iptables-save, prints what differs as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible_collections.pathguard.network.plugins.plugin_utils.analyse.diffdata import firewall_difference
from tests.benchmarks.one_run import state_of


def main() -> None:
    before, after = (
        state_of("iptables_nft", Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3]
    )
    print(json.dumps(firewall_difference(before, after)))


if __name__ == "__main__":
    main()
