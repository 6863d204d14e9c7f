# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polls a published port from a client until it is stopped, and prints when each request failed.

    poller.py HOST4 HOST6 PORT      ends when its standard input ends; prints JSON

A new request starts every INTERVAL per family and never waits for the one before: a poller that does measures the one
second after which TCP repeats a lost SYN instead of the outage.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import sys
import time
from dataclasses import dataclass, field

INTERVAL = 0.02
# After how many requests the server is also queried for the client that it sees.
ASK_EVERY = 25
# A request that takes longer than this counts as failed; an undisturbed one takes a few milliseconds.
PATIENCE = 0.7


@dataclass
class Polled:
    """What one family got: when each request began and whether it was answered, and the addresses the server saw."""

    answered: list[tuple[float, bool]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


async def request(host: str, port: int, path: str) -> str:
    """The server's answer; raises whatever goes wrong."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = (await reader.read()).decode(errors="replace")
    finally:
        writer.close()
    if " 200 " not in answer[:20]:
        raise OSError("no answer")
    return answer


async def once(host: str, port: int, polled: Polled, start: float) -> None:
    at = time.monotonic() - start
    try:
        await asyncio.wait_for(request(host, port, "/alive"), PATIENCE)
        polled.answered.append((at, True))
    except (OSError, asyncio.TimeoutError):
        polled.answered.append((at, False))


async def ask(host: str, port: int, polled: Polled) -> None:
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        found = re.search(r"RemoteAddr:\s*(\S+)", await asyncio.wait_for(request(host, port, "/"), 5))
        address = found.group(1).rpartition(":")[0].strip("[]") if found else "?"
        if polled.seen[-1:] != [address]:
            polled.seen.append(address)


def outages(answered: list[tuple[float, bool]]) -> list[float]:
    """Lengths of the stretches in which requests failed, in seconds, by the times at which they began."""
    found, since = [], None
    for at, well in sorted(answered):
        if not well and since is None:
            since = at
        elif well and since is not None:
            found.append(round(at - since, 3))
            since = None
    return found


def report(polled: Polled) -> dict[str, object]:
    gaps = outages(polled.answered)
    return {"requests": len(polled.answered), "outages": gaps, "down": round(sum(gaps), 3), "seen": polled.seen}


async def main() -> None:
    hosts = {"ipv4": sys.argv[1], "ipv6": sys.argv[2]}
    port = int(sys.argv[3])
    polled = {family: Polled() for family in hosts}
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    tasks: set[asyncio.Task[None]] = set()
    start = time.monotonic()
    for number in itertools.count():
        for family, host in hosts.items():
            tasks.add(asyncio.create_task(once(host, port, polled[family], start)))
            if number % ASK_EVERY == 0:
                tasks.add(asyncio.create_task(ask(host, port, polled[family])))
        await asyncio.sleep(INTERVAL)
        tasks = {task for task in tasks if not task.done()}
        if ended.done():
            break
    await asyncio.gather(*tasks)
    print(json.dumps({family: report(value) for family, value in polled.items()}))


if __name__ == "__main__":
    asyncio.run(main())
