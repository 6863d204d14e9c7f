# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UFW, firewalld, and rules of the administrator's own on real hosts.

What they close is foretold, and opened by nothing but the operator's own word.

Two containers with IPv4 only stand on each host: the firewall says nothing of the port of ``mail``, and allows that of
``web``.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from tests.integration.lab_host import Host, lab, play

INVENTORY = Path(__file__).with_name("firewalls.yml")
pytestmark = pytest.mark.own_lab
CONTAINERS = {"mail": 8080, "web": 8081}
RUN = "".join(
    f"docker run -d --name {name} -p {port}:80 dms-lab/whoami >/dev/null;" for name, port in CONTAINERS.items()
)
# firewalld flushes what Docker has set when it starts; dockerd makes a zone when it starts, and reloads it for that.
START = {
    "bookworm": "ufw allow 8081/tcp >/dev/null; ufw --force enable >/dev/null",
    "sid": "systemctl start firewalld; systemctl restart docker; docker start mail web;"
    " firewall-cmd -q --permanent --add-port 8081/tcp; firewall-cmd -q --add-port 8081/tcp",
}
NAMES = {"bookworm": "UFW", "sid": "firewalld"}
# What a client gets at the port that no rule allows: default deny drops, the zone public rejects.
CLOSED = {"bookworm": "timeout", "sid": "refused"}
FAMILIES = ("ipv4", "ipv6")
BOTH: dict[str, t.Any] = {"containers": [*CONTAINERS], "mode": "nat"}


@pytest.fixture(scope="module")
def hosts() -> t.Iterator[dict[str, Host]]:
    """Hosts with a firewall that is on."""
    lab("down", INVENTORY)
    lab("up", INVENTORY)
    found = {name: Host(name, "firewalls") for name in (*START, "client")}
    for host in found.values():
        host.install()
    for name, start in START.items():
        found[name].run(f"{RUN}{start}")
    yield found
    lab("down", INVENTORY)


@pytest.fixture(params=START)
def host(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Host:
    """Each of them in turn."""
    return hosts[request.param]


@pytest.fixture
def client(hosts: dict[str, Host]) -> Host:
    """A client on the same segment."""
    return hosts["client"]


Verdicts = dict[tuple[str, str], str]


def foretold(host: Host) -> tuple[Verdicts, dict[str, t.Any]]:
    """What docker_ipv6_info says that clients get, as (container, family) -> verdict, and all else that it says."""
    info = host.direct("docker_ipv6_info")
    exposures = {(one["name"], port["family"]): port for one in info["containers"] for port in one["exposure"]}
    return {place: port["verdict"] for place, port in exposures.items()}, info


def got(client: Host, info: dict[str, t.Any]) -> Verdicts:
    """What a client really gets."""
    options = {"timeout": 2, "host_addresses": info["host_addresses"]}
    return {
        (name, family): client.direct(
            "remote_ip_probe", host=info["addresses"][family], port=port, family=family, **options
        )["verdict"]
        for name, port in CONTAINERS.items()
        for family in FAMILIES
    }


def finding(info: dict[str, t.Any], name: str) -> list[str]:
    return [one["evidence"] for one in info["findings"] if one["id"] == name]


def words(done: t.Any) -> str:
    return " ".join((done.stdout + done.stderr).split())


def settled(host: Host) -> list[str]:
    """The host's state, except what we have kept of it and the daemon's process."""
    ours = ("daemon.json.dms-ipv6", "MainPID", "record.json", "lock")
    return [one for one in host.state().splitlines() if not any(name in one for name in ours)]


def test_prevented_beside_a_firewall(host: Host, client: Host) -> None:
    """What the firewall drops stays dropped, and is warned of; where it lets clients in, they are refused."""
    before = settled(host)
    dropped = "UFW drops IPv6 packets to port 8080: clients hang there"
    warnings = host.direct("docker_ipv6_info", mode="prevent")["plan"]["warnings"]
    assert (dropped in warnings) is (NAMES[host.name] == "UFW")
    done = play(host.name, "prevent", INVENTORY, dms_ipv6_containers=[*CONTAINERS], dms_ipv6_probe_hosts=["client"])
    assert done.returncode == 0, words(done)
    verdicts, info = foretold(host)
    seen = got(client, info)
    print(f"\n{host.name} with {NAMES[host.name]}, prevented: {seen}")
    assert (seen["mail", "ipv6"], seen["web", "ipv6"]) == (CLOSED[host.name], "refused")
    assert (seen["mail", "ipv4"], seen["web", "ipv4"]) == ("real", "real")
    assert verdicts == seen
    assert info["proof"]["result"] == "passed"
    done = play(host.name, "undo", INVENTORY)
    assert done.returncode == 0, words(done)
    assert settled(host) == before


# As ufw-docker has it in after.rules, but that clients of the lab have private addresses. It lets in who is named.
BLOCK = """cat >> /etc/ufw/after{six}.rules <<'X'
# BEGIN UFW AND DOCKER
*filter
:ufw{six}-user-forward - [0:0]
:DOCKER-USER - [0:0]
-A DOCKER-USER -j ufw{six}-user-forward
-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A DOCKER-USER -m conntrack --ctstate INVALID -j DROP
-A DOCKER-USER -p tcp -m conntrack --ctstate NEW -d {containers} -j DROP
-A DOCKER-USER -j RETURN
COMMIT
# END UFW AND DOCKER
X
"""
TAKEN_OUT = (
    "sed -i '/# BEGIN UFW AND DOCKER/,/# END UFW AND DOCKER/d' /etc/ufw/after.rules /etc/ufw/after6.rules;"
    "ufw route delete allow proto tcp from any to {web} port 80 >/dev/null; ufw reload >/dev/null;"
    "iptables -F DOCKER-USER; ip6tables -F DOCKER-USER 2>/dev/null || true"
)


def test_ufw_docker(hosts: dict[str, Host], client: Host) -> None:
    """Rules in DOCKER-USER keep IPv4 clients out; Docker Engine 20.10 leads no IPv6 packet there, whatever UFW has."""
    host = hosts["bookworm"]
    web = host.run("docker inspect -f '{{.NetworkSettings.IPAddress}}' web")
    host.run(
        BLOCK.format(six="", containers="172.16.0.0/12")
        + f"ufw route allow proto tcp from any to {web} port 80 >/dev/null; ufw reload >/dev/null"
    )
    try:
        verdicts, info = foretold(host)
        seen = got(client, info)
        print(f"\n{host.name} with ufw-docker, before: {seen}")
        assert (seen["mail", "ipv4"], seen["web", "ipv4"]) == ("timeout", "real")
        assert verdicts == seen
        (evidence,) = finding(info, "newly_exposed")
        assert "8080/tcp" in evidence and "(chain DOCKER-USER of iptables keeps IPv4 clients out)" in evidence
        assert "IPv4 clients pass" not in evidence
        named: dict[str, t.Any] = {"dms_ipv6_containers": [*CONTAINERS], "dms_ipv6_allow_exposure": ["8080/tcp"]}
        plan = host.direct("docker_ipv6_info", **BOTH, allow_exposure=["8080/tcp"])["plan"]
        assert any("nothing does that for IPv6" in one for one in plan["warnings"]), plan["warnings"]
        # Its IPv4 packets go to another address then, which no rule lets in yet.
        assert any(one.startswith("container web, port 8081/tcp: IPv4 clients get") for one in plan["warnings"]), plan
        assert plan["families"] == ["ipv6"]  # what it closes for the responder as well is not a proof
        done = play(host.name, inventory=INVENTORY, dms_ipv6_probe_hosts=["client"], **named)
        assert done.returncode == 0, words(done)
        for six in (False, True):
            if six:
                host.run(BLOCK.format(six="6", containers="fd00::/8") + "ufw reload >/dev/null")
            verdicts, info = foretold(host)
            seen = got(client, info)
            print(f"{host.name} with ufw-docker, after{6 if six else ''}.rules: {seen}")
            assert [seen[name, "ipv6"] for name in CONTAINERS] == ["real", "real"]
            assert [seen[name, "ipv4"] for name in CONTAINERS] == ["timeout", "timeout"]
            assert verdicts == seen and info["proof"]["result"] == "passed"
            evidence = " ".join(finding(info, "ipv4_only_rules"))
            assert "container mail, port 8080/tcp: IPv4 clients are kept out by chain DOCKER-USER" in evidence
    finally:
        host.run(TAKEN_OUT.format(web=web))
        done = play(host.name, "undo", INVENTORY)
    assert done.returncode == 0, words(done)


def test_enabling_opens_only_what_is_named(host: Host, client: Host) -> None:
    verdicts, info = foretold(host)
    seen = got(client, info)
    print(f"\n{host.name} with {NAMES[host.name]}, before: {seen}")
    assert seen == {
        ("mail", "ipv4"): "real",
        ("mail", "ipv6"): CLOSED[host.name],
        ("web", "ipv4"): "real",
        ("web", "ipv6"): "masked",
    }
    assert verdicts == seen
    (evidence,) = finding(info, "newly_exposed")
    assert "container mail: enabling IPv6 opens 8080/tcp" in evidence and NAMES[host.name] in evidence

    host.run("printf '{\"userland-proxy\": false}' > /etc/docker/daemon.json")
    (evidence,) = finding(host.direct("docker_ipv6_info"), "daemon_json_pending")
    assert evidence.endswith("/etc/docker/daemon.json says of userland-proxy")
    host.run("rm /etc/docker/daemon.json")

    before = host.state()
    refused = host.direct("docker_ipv6_info", **BOTH)
    assert refused["failed"] and "container mail, port 8080/tcp" in refused["msg"] and "web" not in refused["msg"]
    assert not host.direct("docker_ipv6_info", mode="nat", containers=["web"])["failed"]
    assert not host.direct("docker_ipv6_info", **BOTH, allow_exposure=["mail:8080/tcp"])["failed"]
    done = play(host.name, inventory=INVENTORY, dms_ipv6_containers=[*CONTAINERS])
    assert done.returncode == 2 and "allow_exposure: mail:8080/tcp" in words(done), words(done)
    assert host.state() == before

    named: dict[str, t.Any] = {"dms_ipv6_containers": [*CONTAINERS], "dms_ipv6_allow_exposure": ["8080/tcp"]}
    done = play(host.name, inventory=INVENTORY, **named)
    assert done.returncode == 0, words(done)
    verdicts, info = foretold(host)
    seen = got(client, info)
    print(f"{host.name} with {NAMES[host.name]}, after: {seen}")
    assert set(seen.values()) == {"real"}
    assert verdicts == seen
    assert finding(info, "newly_exposed") == []
    assert not host.direct("docker_ipv6_info", **BOTH)["plan"]["changed"]


def test_ufw_that_drops_all_ipv6(hosts: dict[str, Host], client: Host) -> None:
    """Not even what Docker translates gets through, because the host's neighbours do not find it."""
    host = hosts["bookworm"]
    host.run("sed -i s/^IPV6=yes/IPV6=no/ /etc/default/ufw; ufw reload")
    try:
        info = host.direct("docker_ipv6_info")
        (evidence,) = finding(info, "ipv6_dropped")
        assert "IPV6=no" in evidence
        seen = got(client, info)
        assert {seen[name, "ipv6"] for name in CONTAINERS} == {"timeout"}, seen
        assert foretold(host)[0] == seen
        refused = host.direct("docker_ipv6_info", **BOTH, allow_exposure=["all"])
        assert refused["failed"] and "Set IPV6=yes" in refused["msg"], json.dumps(refused)
    finally:
        host.run("sed -i s/^IPV6=no/IPV6=yes/ /etc/default/ufw; ufw reload")
    assert finding(host.direct("docker_ipv6_info"), "ipv6_dropped") == []


# Docker Engine 20.10 with ip6tables does not start without; 28.5 does, and has no IPv6 to give.
STARTS = {"bookworm": "no", "sid": "yes"}
RESTART = "systemctl reset-failed docker docker.socket; systemctl restart docker"
SIX = "docker network create --ipv6 --subnet fd5c:1ab0:7e57:9::/64 six"


def test_host_without_ip6tables(host: Host) -> None:
    """The test before has switched it on."""
    host.run("mv /usr/sbin/ip6tables /usr/sbin/ip6tables.gone")
    try:
        info = host.direct("docker_ipv6_info")
        (evidence,) = finding(info, "no_ip6_tables")
        print(f"\n{host.name}: {evidence}")
        assert "there is no program ip6tables" in evidence
        refused = host.direct("docker_ipv6_info", **BOTH, allow_exposure=["all"])
        assert refused["failed"] and evidence.partition(":")[0] in refused["msg"]
        assert host.run(f"{RESTART} >/dev/null 2>&1 && echo yes || echo no") == STARTS[host.name]
        assert host.run(f"{SIX} >/dev/null 2>&1 && echo yes || echo no") == "no"
    finally:
        host.run(f"mv /usr/sbin/ip6tables.gone /usr/sbin/ip6tables; {RESTART}")
    assert finding(host.direct("docker_ipv6_info"), "no_ip6_tables") == []


OWN = Path(__file__).with_name("own_firewalls.yml")
HEAD = "type filter hook {0} priority filter; policy {1}; ct state vmap {{ established : accept, related : accept }};"
# How people have it, and what a client gets at port 8080, which is not let in; 8081 is.
NFT = f"""nft -f - <<'X'
table inet mine {{
 set open {{ type inet_service; elements = {{ 22, 8081 }} }}
 chain input {{ {HEAD.format("input", "drop")}
  iifname lo accept; meta l4proto {{ icmp, ipv6-icmp }} accept; tcp dport @open ct state new accept; }}
}}
X
"""
STATEFUL = "-i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
RULES = f"""ip6tables-restore <<'X'
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
-A INPUT {STATEFUL}
-A INPUT -p icmpv6 -j ACCEPT
-A INPUT -j mine
-A INPUT -j REJECT
-A mine -p tcp -m multiport --dports 22,8000:8079,8081 -j ACCEPT
COMMIT
X
"""
SETUPS = {
    "nftables": (NFT, "nft delete table inet mine", "timeout", "chain input of table inet mine"),
    "ip6tables": (RULES, "ip6tables -F INPUT", "refused", "chain INPUT of ip6tables"),
}
USER = "nft -f - <<'X'\ntable inet mine {{ chain forward {{ {0} {1} accept; }}; }}\nX\n"


@pytest.fixture(scope="module")
def own() -> t.Iterator[Host]:
    """A host on two segments, without a firewall until a test makes one."""
    lab("down", OWN)
    lab("up", OWN)
    host = Host("bookworm", "ownfirewalls")
    for one in (host, Host("client", "ownfirewalls")):
        one.install()
    host.run(RUN)
    yield host
    lab("down", OWN)


@pytest.mark.parametrize("setup", SETUPS)
def test_rules_of_ones_own_are_opened_by_nothing_unasked(own: Host, setup: str) -> None:
    client = Host("client", "ownfirewalls")
    start, stop, closed, chain = SETUPS[setup]
    own.run(start)
    try:
        verdicts, info = foretold(own)
        seen = got(client, info)
        print(f"\n{setup}, before: {seen}")
        assert (seen["mail", "ipv6"], seen["web", "ipv6"]) == (closed, "masked")
        assert verdicts == seen
        (evidence,) = finding(info, "newly_exposed")
        assert chain in evidence
        before = own.state()
        done = play("bookworm", inventory=OWN, dms_ipv6_containers=[*CONTAINERS])
        assert done.returncode == 2 and "allow_exposure: mail:8080/tcp" in words(done), words(done)
        assert own.state() == before
        assert got(client, info) == seen
        named: dict[str, t.Any] = {"dms_ipv6_containers": [*CONTAINERS], "dms_ipv6_allow_exposure": ["mail:8080/tcp"]}
        done = play("bookworm", inventory=OWN, **named)
        assert done.returncode == 0, words(done)
        verdicts, info = foretold(own)
        seen = got(client, info)
        print(f"{setup}, after: {seen}")
        assert set(seen.values()) == {"real"} and verdicts == seen
        assert own.run("ip6tables -S FORWARD").splitlines()[0] == "-P FORWARD DROP"  # and no router between segments
        # What closes the way of translated packets is seen as well.
        own.run(USER.format(HEAD.format("forward", "drop"), 'oifname "docker0"'))
        verdicts, info = foretold(own)
        assert got(client, info)["mail", "ipv6"] == "timeout" == verdicts["mail", "ipv6"]
    finally:
        own.run(f"{stop} 2>/dev/null; nft delete table inet mine 2>/dev/null || true")
        done = play("bookworm", "undo", OWN)
    assert done.returncode == 0, words(done)


def test_no_router_between_its_segments_unasked(own: Host) -> None:
    """A rule that accepts everything comes before the policy that Docker sets."""
    own.run("sysctl -qw net.ipv6.conf.all.forwarding=0; ip6tables -P FORWARD ACCEPT; ip6tables -A FORWARD -j ACCEPT")
    try:
        refused = own.direct("docker_ipv6_info", **BOTH)
        assert refused["failed"] and "forwards IPv6 between all its networks" in refused["msg"], refused
        names = refused["msg"].partition("in allow_forwarding (")[2].partition(")")[0].split(", ")
        plan = own.direct("docker_ipv6_info", **BOTH, allow_forwarding=names)["plan"]
        assert any("as allow_forwarding allows" in one for one in plan["warnings"])
    finally:
        own.run("ip6tables -D FORWARD -j ACCEPT")
    assert not own.direct("docker_ipv6_info", **BOTH)["failed"]
