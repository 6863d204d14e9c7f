# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command, and sees for how long hosts cannot be reached while it runs.

    watch.py ADDRESS... -- COMMAND...      prints JSON

A host is lost when it leaves a ping unanswered, and back when a command over a new SSH connection succeeds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

OPTIONS = ("BatchMode=yes", "ControlPath=none", "StrictHostKeyChecking=accept-new", "ConnectTimeout=1")
SSH = ("ssh", "-n", *(f"-o{option}" for option in OPTIONS))
# How long after the end of the command a host may stay away, in seconds.
PATIENCE = 60.0


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def watch(address: str, ended: threading.Event, outages: list[float | None]) -> None:
    while not ended.is_set():
        begin = time.monotonic()
        if works("ping", "-6", "-n", "-c", "1", "-W", "2", address):
            ended.wait(0.2)
            continue
        outages.append(None)  # none until it is back
        end = None
        while not works(*SSH, address, "true"):
            if ended.is_set():
                end = end or time.monotonic() + PATIENCE
                if time.monotonic() > end:
                    return
            time.sleep(0.2)
        outages[-1] = round(time.monotonic() - begin, 1)


def main() -> None:
    split = sys.argv.index("--")
    addresses, command = sys.argv[1:split], sys.argv[split + 1 :]
    ended = threading.Event()
    outages: dict[str, list[float | None]] = {address: [] for address in addresses}
    threads = [threading.Thread(target=watch, args=(one, ended, outages[one])) for one in addresses]
    for thread in threads:
        thread.start()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"rc": done.returncode, "output": (done.stdout + done.stderr).splitlines(), "outages": outages}))


if __name__ == "__main__":
    main()
