# Copyright: (c) 2026, PathGuard developers
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's application: a shop with an authenticated connection pool, as applications have them.

Pooled connections are used every second; beside them a new connection is made every two seconds, as a
new worker or a grown pool would. ``status.json`` tells the two apart, because an outage behind an
ESTABLISHED rule hits new connections only. With "writes" in the configuration pooled connections write, too::

    {"version": str, "updated_at": seconds since the epoch,
     "pool": {"size": int, "alive": int, "last_error": str or null, "writes": int},
     "new_connection": {"ok": bool or null, "at": seconds or null, "ms": float or null, "error": str or null}}

Usage: python3 app.py CONFIGURATION STATUS
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time

import psycopg2

POOL_PERIOD, NEW_PERIOD = 1.0, 2.0
# Without it a dead pooled connection would hang for the kernel's quarter of an hour (tcp(7)).
TCP_USER_TIMEOUT_MS = 4000
# As many as the database is made with.
ORDERS = 500


class Status:
    """The application's own view of its database, kept in one small file."""

    def __init__(self, path: str, version: str, size: int) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.alive = [False] * size
        self.pool_error: str | None = None
        self.writes = 0
        self.new = {"ok": None, "at": None, "ms": None, "error": None}
        self.version = version

    def write(self) -> None:
        with self.lock:
            document = {
                "version": self.version,
                "updated_at": time.time(),
                "pool": {
                    "size": len(self.alive),
                    "alive": sum(self.alive),
                    "last_error": self.pool_error,
                    "writes": self.writes,
                },
                "new_connection": self.new,
            }
            with open(self.path + ".new", "w", encoding="utf-8") as file:
                json.dump(document, file)
            os.replace(self.path + ".new", self.path)


def connect(config: dict):
    """A new authenticated connection, or psycopg2.OperationalError."""
    connection = psycopg2.connect(
        host=config["host"],
        port=config["port"],
        dbname=config["database"],
        user=config["user"],
        password=config["password"],
        connect_timeout=3,
        tcp_user_timeout=TCP_USER_TIMEOUT_MS,
        application_name="shop",
    )
    connection.autocommit = True
    return connection


def query(connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders")
        cursor.fetchone()


def write(connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE orders SET placed = now() WHERE id = %s", (random.randint(1, ORDERS),))


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def keep_pooled(config: dict, status: Status, slot: int) -> None:
    """One place of the pool: a connection that is used every second, and replaced when it broke."""
    connection = None
    while True:
        try:
            if connection is None:
                connection = connect(config)
            query(connection)
            if config.get("writes"):
                write(connection)
                with status.lock:
                    status.writes += 1
            status.alive[slot] = True
            if all(status.alive):
                status.pool_error = None
        except psycopg2.Error as error:
            status.alive[slot], status.pool_error, connection = False, one_line(error), None
        time.sleep(POOL_PERIOD)


def make_new(config: dict, status: Status) -> None:
    """A new connection now and then, from connect to the first answer."""
    while True:
        started, error = time.monotonic(), None
        try:
            connection = connect(config)
            query(connection)
            connection.close()
        except psycopg2.Error as problem:
            error = one_line(problem)
        status.new = {
            "ok": error is None,
            "at": time.time(),
            "ms": round((time.monotonic() - started) * 1000, 1),
            "error": error,
        }
        status.write()
        time.sleep(NEW_PERIOD)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    with open(config["version_file"], encoding="utf-8") as file:
        version = file.read().strip()
    status = Status(sys.argv[2], version, config["pool_size"])
    for slot in range(config["pool_size"]):
        threading.Thread(target=keep_pooled, args=(config, status, slot), daemon=True).start()
    threading.Thread(target=make_new, args=(config, status), daemon=True).start()
    while True:
        status.write()
        time.sleep(POOL_PERIOD)


if __name__ == "__main__":
    main()
