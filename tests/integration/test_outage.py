# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a published port is down while the daemon is restarted: bare, as a transaction, and with containers stopped.

The figures are printed side by side. Nothing fails on a clock, but the polling must have seen the daemon's restart.
"""

from __future__ import annotations

import json
import typing as t

from tests.integration.lab_host import ORIGINAL, WANTED, Host, clean, polled, started

# A client that asks every 20 ms, on a busy machine, may see an outage that much longer than it is.
POLLING = 0.1


def bare(host: Host) -> None:
    """What an administrator with live-restore does."""
    host.run("systemctl reset-failed docker docker.socket; systemctl restart docker; docker info >/dev/null")


def transaction(host: Host, **consent: t.Any) -> float:
    """What the module itself says of the outage."""
    result = host.direct("docker_daemon_config", config=WANTED, **consent)
    assert not result["failed"], result
    assert result["restarted"]
    return float(result["outage"])


def test_outage_of_a_published_port(fresh: Host, client: Host) -> None:
    before = started(fresh)
    with polled(fresh, client) as lent:
        told = transaction(fresh)
    assert started(fresh) == before
    clean(fresh)
    with polled(fresh, client) as stopped:
        told_stopped = transaction(fresh, allow_container_restart=True)
    assert started(fresh) != before
    clean(fresh)
    before = started(fresh)
    with_live_restore = json.dumps({**json.loads(ORIGINAL), "live-restore": True})
    fresh.run(f"printf '%s' '{with_live_restore}' > /etc/docker/daemon.json; systemctl reload docker; sleep 1")
    with polled(fresh, client) as usual:
        bare(fresh)
    assert started(fresh) == before
    print(f"\n{fresh.name}: seconds for which the published port was down, IPv4 and IPv6")
    for title, one in (("bare restart", usual), ("transaction", lent), ("containers stopped", stopped)):
        show(title, one, usual)
    assert stopped["ipv4"]["down"] > lent["ipv4"]["down"]
    at_most(told, lent)
    assert told_stopped > 0  # how long the services then take to start is not the module's to know


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


def at_most(told: float, seen: dict[str, t.Any]) -> None:
    """What a module says of the outage is no less than what a client had, which asks every so often."""
    print(f"  the module says: at most {told:.2f}")
    assert told > 0
    for family in ("ipv4", "ipv6"):
        assert seen[family]["down"] <= told + POLLING, (family, told, seen[family])


def show(title: str, figures: dict[str, t.Any], usual: dict[str, t.Any]) -> None:
    """A line for one way to restart, as a multiple of what an administrator with live-restore has."""
    down, ratios = [], []
    for family in ("ipv4", "ipv6"):
        assert figures[family]["requests"] > 50
        down.append(f"{figures[family]['down']:.2f}")
        ratios.append(f"{figures[family]['down'] / max(usual[family]['down'], 0.02):.2f}")
    print(f"  {title:18}  {'  '.join(down)}   times a bare restart's: {'  '.join(ratios)}")
