# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types lines of configuration on a router, as an administrator would: ``type_lines.py LINE...``.

Who and where is in the environment variable ROUTER: the router's inventory variables as JSON.
"""

from __future__ import annotations

import json
import os
import sys

from netmiko import ConnectHandler


def main() -> None:
    router = json.loads(os.environ["ROUTER"])
    session = ConnectHandler(
        device_type="cisco_ios",
        host=router["ansible_host"],
        port=router["ansible_port"],
        username=router["ansible_user"],
        password=router["ansible_password"],
        secret=router["ansible_become_password"],
    )
    session.enable()
    print(session.send_config_set(sys.argv[1:]))
    session.disconnect()


if __name__ == "__main__":
    main()
