# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose uplink NetworkManager looks after: it hears the router itself, so we change nothing there.

The kernel does not listen (accept_ra is 0), and forwarding changes nothing. What becomes of a host whose kernel
listens, the scenario accept_ra shows.
"""

from __future__ import annotations

import subprocess
import time
import typing as t
from pathlib import Path

import pytest

from tests.integration.lab_host import Host, lab

INVENTORY = Path(__file__).with_name("managed.yml")
pytestmark = pytest.mark.own_lab
LIFETIME = 10
ROUTER = f"""
cat > /etc/radvd.conf <<X
interface eth0 {{
  AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime {LIFETIME};
  prefix 2001:2:0:1::/64 {{}};
}};
X
sysctl -qw net.ipv6.conf.all.forwarding=1
ip -6 address replace 2001:2:0:1::1/64 dev eth0 nodad
radvd --config /etc/radvd.conf --pidfile /run/radvd.pid --logmethod logfile --logfile /var/log/radvd.log
"""
# With the address that the host has, and what the router says.
MANAGED = """
sysctl -qw net.ipv6.conf.all.forwarding=0
address=$(ip -4 -o address show eth0 | sed 's/.*inet \\([^ ]*\\).*/\\1/')
nmcli connection add type ethernet ifname eth0 con-name up ipv4.method manual ipv4.addresses $address ipv6.method auto
nmcli connection up up
"""
ROUTE = "ip -6 route show default dev eth0"
SETTINGS = (
    "cat /proc/sys/net/ipv6/conf/eth0/accept_ra /proc/sys/net/ipv6/conf/all/forwarding; find /etc -name '*dms-ipv6*'"
)
# What takes the route away, and the administrator's own tool, or the host's start, brings it back.
EVENTS = {
    "link": "ip link set eth0 down; sleep 1; ip link set eth0 up",
    "docker": "systemctl reset-failed docker docker.socket; systemctl restart docker",
    "manager": "systemctl restart NetworkManager",
}


@pytest.fixture(scope="module")
def host() -> t.Iterator[Host]:
    """It has its default route from NetworkManager, and forwards nothing."""
    lab("down", INVENTORY)
    lab("up", INVENTORY)
    found = Host("trixie", "managed")
    Host("router", "managed").run(ROUTER)
    found.run(MANAGED)
    found.install()
    found.run("docker run -d --restart unless-stopped --name mail -p 8080:80 dms-lab/whoami")
    await_route(found)
    assert found.run(SETTINGS).split() == ["0", "0"]
    yield found
    lab("down", INVENTORY)


def await_route(host: Host, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while "proto ra" not in host.run(ROUTE):
        assert time.monotonic() < end, host.run("ip -6 route; nmcli device")
        time.sleep(0.5)


def boot(host: Host, tries: int = 10) -> None:
    """Docker sets the route that the lab gives, and fails if the router was faster to advertise itself."""
    for _ in range(tries):
        done = subprocess.run(["docker", "restart", host.container], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
    pytest.fail(done.stderr)


def test_nothing_of_the_uplink_is_touched(host: Host) -> None:
    assert [one["id"] for one in host.direct("docker_ipv6_info")["findings"]] == ["masked"]
    result = host.direct("docker_ipv6_network", name="dms-ipv6", containers=["mail"])
    assert result["changed"] and not result["failed"], result
    assert not [step for step in result["steps"] if "accept_ra" in step or "route" in step]
    assert host.run(SETTINGS).split() == ["0", "1"]
    # Longer than the router says that it is one: a host that still has the route has heard it since.
    time.sleep(LIFETIME + 2)
    assert "proto ra" in host.run(ROUTE)


@pytest.mark.parametrize("event", [*EVENTS, "boot"])
def test_the_route_comes_back(host: Host, event: str) -> None:
    if event == "boot":
        boot(host)
        host.run("for _ in $(seq 60); do docker exec mail ls >/dev/null 2>&1 && break; sleep 0.5; done")
        host.run("nmcli connection up up")  # the lab gives eth0 its addresses before any program in there runs
    else:
        host.run(EVENTS[event])
    await_route(host)
    if event == "docker":  # the route has not been away, but would be by then
        time.sleep(LIFETIME + 2)
        assert "proto ra" in host.run(ROUTE)
    assert host.run(SETTINGS).split() == ["0", "1"]
