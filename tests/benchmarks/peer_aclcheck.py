# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``peer_aclcheck.py capirca|aerleon FOLDER``: asks a peer's aclcheck, in the peers' environment.

FOLDER has policy.pol, defs/ and flows.json. The rules as the peer writes them go to rules.<peer>; printed as
JSON are the answers (permit or deny, by the first certain match, else the policy's own deny) and seconds of
processor time to ``load`` the policy and to ``ask``.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

_FAR_AHEAD = 2


def answer(check: Any, parsed: Any, flow: dict[str, Any]) -> str:
    asked = check.AclCheck(
        parsed,
        src=flow["src"],
        dst=flow["dst"],
        sport="any",
        dport=str(flow["dst_port"]),
        proto=flow["protocol"],
    )
    exact = asked.ExactMatches()
    return "permit" if exact and exact[0].action == "accept" else "deny"


def main() -> None:
    peer, folder = sys.argv[1], Path(sys.argv[2])
    naming, policy, check, speedway = (
        importlib.import_module(f"{peer}.lib.{name}") for name in ("naming", "policy", "aclcheck", "speedway")
    )
    text = (folder / "policy.pol").read_text(encoding="utf-8")
    flows = json.loads((folder / "flows.json").read_text(encoding="utf-8"))
    start = time.process_time()
    parsed = policy.ParsePolicy(text, naming.Naming(str(folder / "defs")))
    loaded = time.process_time()
    answers = [answer(check, parsed, flow) for flow in flows]
    asked = time.process_time()
    (folder / f"rules.{peer}").write_text(str(speedway.Speedway(parsed, _FAR_AHEAD)), encoding="utf-8")
    print(json.dumps({"load": loaded - start, "ask": asked - loaded, "answers": answers}))


if __name__ == "__main__":
    main()
