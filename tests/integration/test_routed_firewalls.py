# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode routed beside UFW and firewalld: what they close has to be named, what they drop is shown with a command.

The client has a route to each host's prefix. A container listens on a published port and on another one.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.integration.lab_host import Host, lab, play

INVENTORY = Path(__file__).with_name("firewalls.yml")
pytestmark = pytest.mark.own_lab
PREFIXES = {"bookworm": "2001:2:0:b1::/64", "sid": "2001:2:0:b3::/64"}
RUN = "docker run -d --name mail -p 8080:80 -e 'LISTEN=[::]:80 [::]:81' dms-lab/whoami >/dev/null"


@pytest.fixture(scope="module")
def hosts() -> t.Iterator[dict[str, Host]]:
    """Hosts with a container, their firewalls off, and a client with a way to their prefixes."""
    lab("down", INVENTORY)
    lab("up", INVENTORY)
    found = {name: Host(name, "firewalls") for name in (*PREFIXES, "client")}
    for host in found.values():
        host.install()
    for name, prefix in PREFIXES.items():
        found[name].run(RUN)
        address = found[name].direct("docker_ipv6_info")["addresses"]["ipv6"]
        found["client"].run(f"ip -6 route replace {prefix} via {address}")
    yield found
    lab("down", INVENTORY)


def wanted(host: Host) -> dict[str, t.Any]:
    return {"mode": "routed", "subnet": PREFIXES[host.name], "containers": ["mail"]}


def enabled(host: Host, **more: t.Any) -> str:
    """The role, and what it says in the end; empty if it went well."""
    variables: dict[str, t.Any] = {
        "dms_ipv6_mode": "routed",
        "dms_ipv6_subnet": PREFIXES[host.name],
        "dms_ipv6_containers": ["mail"],
    }
    done = play(host.name, inventory=INVENTORY, **variables, dms_ipv6_probe_hosts=["client"], **more)
    return "" if done.returncode == 0 else " ".join((done.stdout + done.stderr).split())


def got(client: Host, host: Host) -> dict[int, str]:
    """What a client gets at both ports of the container's own address."""
    info = host.direct("docker_ipv6_info", **wanted(host), allow_exposure=["all"])
    own = info["plan"]["addresses"]["mail"]
    options = {"host": own, "timeout": 2, "host_addresses": info["host_addresses"]}
    seen = {port: client.direct("remote_ip_probe", port=port, **options)["verdict"] for port in (80, 81)}
    (mail,) = (one for one in info["containers"] if one["name"] == "mail")
    assert {one["port"]: one["verdict"] for one in mail["direct"]} == seen
    return seen


PASSED = {80: "real", 81: "timeout"}


def test_ufw(hosts: dict[str, Host]) -> None:
    """Docker's rules come before UFW's; so nothing has to be opened, but the operator must have named it."""
    host, client = hosts["bookworm"], hosts["client"]
    host.run("ufw --force enable >/dev/null")
    before = host.state()
    refused = host.direct("docker_ipv6_info", **wanted(host))
    print(f"\n{refused['msg']}")
    assert refused["failed"] and "allow_exposure: mail:8080/tcp" in refused["msg"]
    assert "allow_exposure: mail:8080/tcp" in enabled(host)
    assert host.state() == before
    named: dict[str, t.Any] = {"dms_ipv6_allow_exposure": ["mail:8080/tcp"]}
    assert enabled(host, **named) == ""
    assert got(client, host) == PASSED
    # Our firewall stays when UFW is loaded again, and closes what `ufw disable` opens.
    host.run("ufw reload >/dev/null")
    assert got(client, host) == PASSED
    host.run("ufw disable >/dev/null")
    assert host.run("ip6tables -S FORWARD | head -1") == "-P FORWARD ACCEPT"
    assert got(client, host) == PASSED
    assert not host.direct("docker_ipv6_info", **wanted(host))["plan"]["changed"]


def test_firewalld(hosts: dict[str, Host]) -> None:
    """Started after Docker, it lets nothing through to containers; the role names the command that fixes that."""
    host, client = hosts["sid"], hosts["client"]
    host.run("systemctl start firewalld")
    before = host.state()
    options: dict[str, t.Any] = {**wanted(host), "allow_exposure": ["all"]}
    refused = host.direct("docker_ipv6_info", **options)
    print(f"\n{refused['msg']}")
    command = refused["msg"].split("`")[1]
    assert refused["failed"] and command == "systemctl restart docker"
    assert f"Run `{command}`, then run this again" in enabled(host, dms_ipv6_allow_exposure=["all"])
    assert host.state() == before
    host.run(f"{command}; docker start mail >/dev/null")
    assert enabled(host, dms_ipv6_allow_exposure=["all"]) == ""
    assert got(client, host) == PASSED
    host.run("firewall-cmd -q --reload")
    assert got(client, host) == PASSED
    assert not host.direct("docker_ipv6_info", **options)["plan"]["changed"]
