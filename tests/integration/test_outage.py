# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a published port is down while the daemon is restarted: bare, as a transaction, and with containers stopped.

The figures are printed side by side. Nothing fails on a clock, but the polling must have seen the daemon's restart.
The benchmark has each restart repeated, because one takes a third longer than another.
"""

from __future__ import annotations

import json
import os
import statistics
import typing as t

from tests.integration.lab_host import ORIGINAL, WANTED, Host, clean, polled, started

# A client that asks every 20 ms, on a busy machine, may see an outage that much longer than it is.
POLLING = 0.1
REPEAT = int(os.environ.get("DMS_IPV6_TEST_OUTAGES", "1"))

Figures = dict[str, t.Any]


def bare(host: Host, client: Host) -> Figures:
    """What clients have when an administrator with live-restore restarts the daemon."""
    before = started(host)
    with_live_restore = json.dumps({**json.loads(ORIGINAL), "live-restore": True})
    host.run(f"printf '%s' '{with_live_restore}' > /etc/docker/daemon.json; systemctl reload docker; sleep 1")
    with polled(host, client) as seen:
        host.run("systemctl reset-failed docker docker.socket; systemctl restart docker; docker info >/dev/null")
    assert started(host) == before
    clean(host)
    return seen


def transaction(host: Host, client: Host, **consent: t.Any) -> tuple[Figures, float]:
    """What clients have when the module does it, and what it says itself of the outage."""
    before = started(host)
    with polled(host, client) as seen:
        result = host.direct("docker_daemon_config", config=WANTED, **consent)
    assert not result["failed"], result
    assert result["restarted"]
    assert (started(host) == before) is not bool(consent)
    clean(host)
    return seen, float(result["outage"])


def test_outage_of_a_published_port(fresh: Host, client: Host) -> None:
    lent, usual = [], []
    for _again in range(REPEAT):
        seen, said = transaction(fresh, client)
        at_most(said, seen)
        lent.append(seen)
        usual.append(bare(fresh, client))
    stopped, said_stopped = transaction(fresh, client, allow_container_restart=True)
    print(f"\n{fresh.name}: seconds for which the published port was down, IPv4 and IPv6, median of {REPEAT}")
    for title, ones in (("bare restart", usual), ("transaction", lent), ("containers stopped", [stopped])):
        show(title, ones, usual)
    assert stopped["ipv4"]["down"] > lent[0]["ipv4"]["down"]
    assert said_stopped > 0  # how long the services then take to start is not the module's to know


def test_outage_of_a_live_move(fresh: Host, client: Host) -> None:
    """A running container is connected to a new IPv6 network: no restart, and its bridge is warmed before."""
    before = started(fresh)
    with polled(fresh, client) as moved:
        result = fresh.direct("docker_ipv6_network", name="dms-ipv6", containers=["mail"])
    assert not result["failed"], result
    assert result["changed"]
    assert started(fresh) == before
    print(f"\n{fresh.name}: seconds for which the published port was down while its container was moved live")
    for family in ("ipv4", "ipv6"):
        assert moved[family]["requests"] > 50
        print(f"  {family}  {moved[family]['down']:.2f} in {moved[family]['outages']}")
    at_most(float(result["outage"]), moved)


def at_most(said: float, seen: Figures) -> None:
    """What a module says of the outage is at least what a client had, which polls."""
    print(f"  the module says: at most {said:.2f}")
    assert said > 0
    for family in ("ipv4", "ipv6"):
        assert seen[family]["down"] <= said + POLLING, (family, said, seen[family])


def show(title: str, ones: list[Figures], usual: list[Figures]) -> None:
    """A line for one way to restart, as a multiple of what an administrator with live-restore has."""
    down = [median(ones, family) for family in ("ipv4", "ipv6")]
    ratios = [one / max(median(usual, family), 0.02) for one, family in zip(down, ("ipv4", "ipv6"))]
    words = ["  ".join(f"{one:.2f}" for one in row) for row in (down, ratios)]
    print(f"  {title:18}  {words[0]}   times a bare restart's: {words[1]}")


def median(ones: list[Figures], family: str) -> float:
    assert all(one[family]["requests"] > 50 for one in ones)
    return statistics.median(float(one[family]["down"]) for one in ones)
