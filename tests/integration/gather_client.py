# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs in to hosts from inside the lab's controller: a JSON list of accesses on stdin, what came of each on stdout.

Each has ``access`` (HostAccess's fields) and either ``run`` (arguments of Channel.run) or ``collect: true``.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from typing import Any

from ansible_collections.pathguard.network.plugins.plugin_utils.errors import PathGuardError
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.access import HostAccess
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.channel import Channel
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.platforms import platform_of
from ansible_collections.pathguard.network.plugins.plugin_utils.gather.pool import on_hosts


def outcome(result: Any) -> dict[str, Any]:
    if isinstance(result, PathGuardError):
        return {"error": str(result), "kind": type(result).__name__}
    if isinstance(result, dict):
        return {"outputs": {name: output.to_dict() for name, output in result.items()}}
    return {"rc": result.rc, "stdout": result.stdout, "stderr": result.stderr}


def main() -> None:
    asked = {item["access"]["name"]: item for item in json.load(sys.stdin)}

    def work(channel: Channel) -> Any:
        item = asked[channel.host]
        if item.get("collect"):
            return platform_of("linux").collect(channel, True)
        return channel.run(**item["run"])

    with contextlib.ExitStack() as stack:
        if "silent" in sys.argv:
            # A server that accepts connections and never speaks.
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 2299)))
            listener.listen(5)
        began = time.monotonic()
        results = on_hosts([HostAccess(**item["access"]) for item in asked.values()], work)
        seconds = time.monotonic() - began
    answer = {name: {**outcome(result), "seconds": seconds} for name, result in results.items()}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
