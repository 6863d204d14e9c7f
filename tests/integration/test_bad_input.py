# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input on a real host: one clear line that names the thing and what to do, and nothing changed."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.integration.lab_host import Host, play, without_ipv6

SUBNETS = [
    ("fd12:3456", "'fd12:3456' is not a CIDR"),
    ("zebra/64", "'zebra/64' is not a CIDR"),
    ("fd12:3456:789a:1::1/64", "has host bits set. Did you mean fd12:3456:789a:1::/64"),
    ("fd12:3456:789a:1::/127", "is not between /48 and /126"),
    ("ff15:3456:789a:1::/64", "is multicast (RFC 4291)"),
    ("fe80:0:0:1::/64", "is link-local (RFC 4291)"),
    ("2001:db8:1::/64", "is reserved for documentation (RFC 3849)"),
    ("3fff:1::/64", "is reserved for documentation (RFC 9637)"),
    ("fc12:3456:789a:1::/64", "is the half of the ULA range that is not defined"),
    ("10.1.2.0/24", "10.1.2.0/24 is IPv4"),
]


def refused(host: Host, module: str, words: str, **options: t.Any) -> None:
    """The module fails in one line that says the words, in check mode too, and leaves the host alone."""
    before = host.state()
    # Check mode without Ansible around it, which costs two seconds each time and is there in the other run.
    for result in (host.direct(module, check=True, **options), host.module(module, **options)):
        assert result["failed"], result
        assert words in result["msg"], result["msg"]
        assert "\n" not in result["msg"].strip()
    assert host.state() == before


@pytest.mark.parametrize(("subnet", "words"), SUBNETS, ids=[subnet for subnet, _words in SUBNETS])
def test_subnets_that_no_network_may_have(bookworm: Host, subnet: str, words: str) -> None:
    refused(bookworm, "docker_ipv6_network", words, name="dms-ipv6", subnet=subnet, containers=["mail"])


def test_a_subnet_that_another_network_has(bookworm: Host) -> None:
    bookworm.run("docker network create --ipv6 --subnet fd12:3456:789a:7::/64 other >/dev/null")
    try:
        words = "overlaps fd12:3456:789a:7::/64 (Docker network other)"
        refused(bookworm, "docker_ipv6_network", words, name="dms-ipv6", subnet="fd12:3456:789a:7::/80")
    finally:
        bookworm.run("docker network rm other >/dev/null")


def test_a_subnet_that_the_host_has(bookworm: Host) -> None:
    address = bookworm.module("docker_ipv6_info")["addresses"]["ipv6"]
    subnet = address.rpartition("::")[0] + "::/64"
    refused(bookworm, "docker_ipv6_network", "overlaps", name="dms-ipv6", subnet=subnet)


def test_a_global_subnet_in_mode_nat(bookworm: Host) -> None:
    refused(bookworm, "docker_ipv6_info", "mode nat is for ULAs", mode="nat", subnet="2001:2:0:5::/64")


def test_an_unknown_container(bookworm: Host) -> None:
    words = "container nosuch: there is no such container"
    refused(bookworm, "docker_ipv6_network", words, name="dms-ipv6", containers=["nosuch"])


def test_a_network_of_the_engines_own(bookworm: Host) -> None:
    refused(bookworm, "docker_ipv6_network", "is a network of the engine's own", name="bridge")


def test_a_container_on_the_hosts_network(bookworm: Host) -> None:
    bookworm.run("docker run -d --name onhost --network host -e LISTEN='[::]:8099' dms-lab/whoami >/dev/null")
    try:
        refused(bookworm, "docker_ipv6_network", "network_mode host", name="dms-ipv6", containers=["onhost"])
    finally:
        bookworm.run("docker rm -f onhost >/dev/null")


def test_a_service_that_listens_on_ipv4_only(bookworm: Host) -> None:
    bookworm.run("docker run -d --name four -p 8081:80 -e LISTEN=0.0.0.0:80 dms-lab/whoami >/dev/null; sleep 1")
    try:
        words = "listens on IPv4 only on port 80; IPv6 clients would be refused"
        refused(bookworm, "docker_ipv6_network", words, name="dms-ipv6", containers=["four"])
    finally:
        bookworm.run("docker rm -f four >/dev/null")


def test_a_file_that_is_not_json(bookworm: Host) -> None:
    bookworm.run("printf '{\\n  \"debug\": true,\\n}' > /etc/docker/daemon.json")
    try:
        words = "/etc/docker/daemon.json: line 2, column 16: a comma before }, which JSON does not allow"
        refused(bookworm, "docker_daemon_config", words, config={"ip6tables": True})
    finally:
        bookworm.run("rm /etc/docker/daemon.json")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"ip6tables": "true"}, "`ip6tables` must be true or false; write true without quotes"),
        ({"IPv6": True}, "`IPv6` is unknown; the setting is `ipv6`"),
        ({"bip6": "fd12::1/64"}, "`bip6` came with Docker Engine 28.0.0; this one is 20.10.24"),
        ({"ip6table": True}, "did you mean `ip6tables`"),
        ({"hosts": ["unix:///run/x.sock"]}, "hosts is also a flag of the running dockerd"),
    ],
)
def test_settings_that_the_engine_would_not_take(bookworm: Host, config: dict[str, object], words: str) -> None:
    refused(bookworm, "docker_daemon_config", words, config=config)


def test_a_host_without_docker(client: Host) -> None:
    result = client.module("docker_ipv6_info")
    assert result["failed"]
    assert "there is no Docker socket. Install and start Docker on this host" in result["msg"]


def test_a_socket_that_does_not_answer(bookworm: Host) -> None:
    bookworm.run("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"/run/dead.sock\")'")
    result = bookworm.module("docker_ipv6_info", docker_socket="/run/dead.sock")
    assert result["failed"]
    assert "/run/dead.sock: dockerd does not answer (" in result["msg"]


@pytest.mark.parametrize("address", ["2001:db8::1", "3fff::1"])
def test_a_probe_of_a_documentation_address(client: Host, address: str) -> None:
    result = client.module("remote_ip_probe", host=address, port=80, family="ipv6", timeout=5)
    assert result["failed"]
    assert f"host: {address} is reserved for documentation" in result["msg"]


def test_packages_that_cannot_be_installed(bare: Host) -> None:
    before = bare.state()
    bare.run(
        "mv /etc/apt/sources.list.d /etc/apt/gone; mv /etc/apt/sources.list /etc/apt/gone/ || true; apt-get -q update"
    )
    done = play("bare", dms_ipv6_containers=["mail"])
    assert done.returncode == 2
    said = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert "the packages docker, jsonschema are missing and cannot be installed" in said
    assert bare.state() == before


# A minimal router advertisement (RFC 4861, section 4.2): lifetime 600 s, sent to all nodes from ra1.
ADVERTISE = """python3 - <<'END'
import socket, struct, time
out = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"ra1")
out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
time.sleep(2.5)
out.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 600, 0, 0), ("ff02::1", 0, 0, socket.if_nametoindex("ra1")))
END
"""
LEARNED = (
    "for i in $(seq 50); do ip -6 route show default dev ra0 | grep -q 'proto ra' && exit 0; sleep 0.1; done; exit 1"
)


def test_the_route_that_a_host_would_lose_is_kept_first(bookworm: Host) -> None:
    """A default route that the kernel learned from a router advertisement, with accept_ra=1: check mode says so."""
    bookworm.run("ip link add ra0 type veth peer name ra1; ip link set ra0 up; ip link set ra1 up")
    bookworm.run("sysctl -qw net.ipv6.conf.all.forwarding=0; sysctl -qw net.ipv6.conf.ra0.accept_ra=1")
    try:
        bookworm.run(ADVERTISE)
        bookworm.run(LEARNED)
        steps = bookworm.module("docker_ipv6_network", check=True, name="dms-ipv6")["steps"]
        assert steps[0] == "write /etc/sysctl.d/90-dms-ipv6.conf: the same at every boot"
        assert steps[1].startswith("set net/ipv6/conf/ra0/accept_ra = 2 (was 1)")
        assert steps[-1].startswith("create network dms-ipv6 with ")
    finally:
        bookworm.run("ip link del ra0")


def test_a_probe_host_without_ipv6_verifies_nothing(hosts: dict[str, Host]) -> None:
    with without_ipv6(hosts["client"]):
        done = play("bookworm", dms_ipv6_containers=["mail"], dms_ipv6_probe_hosts=["client"])
        assert done.returncode == 0, done.stdout + done.stderr
        assert "bookworm: not verified. Name a host that has IPv6 in dms_ipv6_probe_hosts." in done.stdout
        assert hosts["bookworm"].module("docker_ipv6_info")["proof"]["result"] == "not verified"
