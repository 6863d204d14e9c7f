# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network in use becomes another one, on every engine: whatever goes wrong, no container loses anything."""

from __future__ import annotations

import json
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import engines
from tests.integration.conftest import MAIL
from tests.integration.lab_host import Host, output, polled

CONTAINERS = ("one", "two", "three", "four", "five")
SETUP = """
docker network create --subnet 10.77.0.0/24 --label a=b -o com.docker.network.driver.mtu=1400 old >/dev/null
docker network create side >/dev/null
docker run -d --name one --network old --network-alias uno --ip 10.77.0.99 -p 8080:80 dms-lab/whoami >/dev/null
docker run -d --name two --network old --network-alias dos --network-alias zwei --restart always \\
    dms-lab/whoami >/dev/null
docker run -d --name three --network old --network-alias tres dms-lab/whoami >/dev/null
docker network connect --alias seitlich side three
docker create --name four --network old --network-alias cuatro --ip 10.77.0.98 dms-lab/whoami >/dev/null
docker run -d --name five --network old --link one:linked dms-lab/whoami >/dev/null
docker stop -t 0 five >/dev/null
"""
REMOVE = """
docker rm -f one two three four five mail >/dev/null 2>&1 || true
docker network rm old side 0--dms-ipv6 >/dev/null 2>&1 || true
rm -rf /var/lib/dms-ipv6
"""
# What differs after a replacement: ids, and what the engine hands out again. Everything else must be equal.
HANDED_OUT = (
    "NetworkID", "EndpointID", "MacAddress", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPv6Gateway", "SandboxID",
    "SandboxKey", "HairpinMode", "LinkLocalIPv6Address", "LinkLocalIPv6PrefixLen", "SecondaryIPAddresses",
    "SecondaryIPv6Addresses", "DNSNames",
)  # fmt: skip


@pytest.fixture
def attached(engine: Host) -> t.Iterator[Host]:
    """A host with a network of its user's own and five containers on it."""
    prepare(engine)
    yield engine
    put_back(engine)


def prepare(host: Host) -> None:
    host.run(REMOVE + SETUP)


def put_back(host: Host) -> None:
    host.run(REMOVE + MAIL)


def inspected(host: Host, *names: str) -> dict[str, t.Any]:
    """Containers and the network in full, without HANDED_OUT: path -> value."""
    network = json.loads(host.run("docker network inspect old"))[0]
    containers = json.loads(host.run(f"docker inspect {' '.join(names or CONTAINERS)}"))
    for container in containers:
        for endpoint in container["NetworkSettings"]["Networks"].values():
            endpoint["Aliases"] = own_alias(container["Id"], endpoint.get("Aliases"))
    kept = ("Name", "Driver", "Internal", "Attachable", "Options", "Labels")
    everything = {
        **{one["Name"]: one for one in containers},
        "network": {name: network[name] for name in kept},
        "ipv4": [one["Subnet"] for one in network["IPAM"]["Config"] if ":" not in one["Subnet"]],
        "networks": host.run("docker network ls --format '{{.Name}}' | sort").split(),
    }
    return dict(flat("", everything))


def own_alias(container: str, value: t.Any) -> t.Any:
    """20.10 adds the short id to the aliases of a container when it is connected or started."""
    return [one for one in value if one != container[:12]] if isinstance(value, list) else value


def flat(path: str, value: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(value, dict) and value:
        for name, one in value.items():
            if name not in HANDED_OUT:
                yield from flat(f"{path}/{name}", one)
    else:
        yield path, value


def assert_same(found: dict[str, t.Any], before: dict[str, t.Any], *about: t.Any) -> None:
    """No container has lost or gained anything."""
    names = sorted({*found, *before})
    lost = {name: (before.get(name), found.get(name)) for name in names if before.get(name) != found.get(name)}
    assert lost == {}, about


def replace(host: Host, **options: t.Any) -> dict[str, t.Any]:
    return host.direct("docker_ipv6_network", name="old", **options)


def has_ipv6(host: Host) -> bool:
    return host.run("docker network inspect -f '{{.EnableIPv6}}' old") == "true"


LOOKUP = """
import socket, struct, sys
name = sys.argv[1].encode()
query = struct.pack(">6H", 7, 256, 1, 0, 0, 0) + bytes([len(name)]) + name + bytes([0, 0, 1, 0, 1])
dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dns.settimeout(5)
dns.sendto(query, ("127.0.0.11", 53))
answer = dns.recv(512)
sys.exit(0 if answer[3] & 15 == 0 and answer[7] else name)
"""


def resolves(host: Host) -> None:
    """Every alias answers from another container."""
    output("docker", "exec", "-i", host.container, "tee", "/var/tmp/lookup.py", stdin=LOOKUP)
    pid = host.run("docker inspect -f '{{.State.Pid}}' two")
    for name in ("uno", "dos", "zwei", "tres"):
        host.run(f"nsenter -t {pid} -n python3 /var/tmp/lookup.py {name}")


def test_no_container_loses_anything(attached: Host, client: Host) -> None:
    """Running and stopped, static address, aliases, two networks, a link; and back again by undo."""
    before = inspected(attached)
    resolves(attached)
    predicted = replace(attached, check=True)["steps"]
    assert_same(inspected(attached), before)
    with polled(attached, client) as figures:
        result = replace(attached)
    assert not result["failed"], result
    assert result["steps"] == predicted
    assert has_ipv6(attached)
    assert_same(inspected(attached), before)
    resolves(attached)
    assert not replace(attached)["changed"]
    attached.run("docker start four five >/dev/null; docker stop -t 0 four five >/dev/null")
    attached.run("systemctl restart docker; docker start one three >/dev/null")
    resolves(attached)
    before = inspected(attached)
    result = replace(attached, state="absent")
    assert not result["failed"], result
    assert not has_ipv6(attached)
    assert_same(inspected(attached), before)
    down = {family: figures[family]["outages"] for family in ("ipv4", "ipv6")}
    print(f"\n{attached.name}: 0 of {len(CONTAINERS)} containers lost anything; port down, in seconds: {down}")


def test_killed_at_every_step(hosts: dict[str, Host]) -> None:
    """kill -9 at every boundary: the next run first puts everything back, and then carries it out in full."""
    with ThreadPoolExecutor() as pool:
        points = list(pool.map(lambda name: kill_at_every_step(hosts[name]), engines.each()))
    print(f"\n{sum(points)} fault points on {len(points)} engines, no container lost")


def kill_at_every_step(host: Host) -> int:
    """The number of boundaries that were tried, on the way there and on the way back by undo."""
    prepare(host)
    host.run(f"{NO_WAITING}0; docker rm -f two three >/dev/null")
    before = inspected(host, "one", "four", "five")
    points = number = 0
    tried = 2
    try:
        while tried:
            tried = killed(host, before, number, "present") + killed(host, before, number, "absent")
            points += tried
            number += 1
    finally:
        host.run(f"{NO_WAITING}1")
        put_back(host)
    assert number > 10, number
    return points


# Duplicate address detection of a new bridge is most of the time that a replacement takes.
NO_WAITING = "sysctl -qw net.ipv6.conf.default.accept_dad="


def killed(host: Host, before: dict[str, t.Any], number: int, state: str) -> int:
    """Killed after so many steps, then run again; 0 where there are not so many, and nothing was killed."""
    fault = f"after:{number}" if number else "before:1"
    there = number <= len(replace(host, check=True, state=state)["steps"])
    if there:
        result = replace(host, fault=fault, state=state)
        assert result["killed"], (host.name, fault, state, result)
    result = replace(host, state=state)
    assert not result["failed"], (host.name, fault, state, result)
    assert has_ipv6(host) is (state == "present"), (host.name, fault, state)
    assert_same(inspected(host, "one", "four", "five"), before, host.name, fault, state)
    return int(there)


FAULTS = ("400", "409", "500", "lost", "done")


def test_the_engine_breaks_its_word(hosts: dict[str, Host]) -> None:
    """At each request that changes something, in turn: all is back, or all is done."""
    with ThreadPoolExecutor() as pool:
        counts = list(pool.map(lambda name: break_each_word(hosts[name]), engines.HOSTS))
    print(f"\n{sum(counts)} requests on {len(counts)} engines, no container lost")


def break_each_word(host: Host) -> int:
    """How many requests a replacement takes; each fails in another way than the one before."""
    prepare(host)
    host.run(f"{NO_WAITING}0; docker rm -f two three >/dev/null")
    output("docker", "cp", str(Path(__file__).with_name("faulty_socket.py")), f"{host.container}:/opt/direct/")
    before = inspected(host, "one", "four", "five")
    number = 0
    try:
        while True:
            number += 1
            fault = FAULTS[number % len(FAULTS)]
            result = faulty(host, number, fault)
            if result["changes"] < number:
                assert not result["failed"], result
                assert number > 8, number
                return number - 1
            assert has_ipv6(host) is not result["failed"], (host.name, number, fault, result)
            assert result.get("rolled_back", False) is result["failed"], (host.name, number, fault, result)
            # A container's place is looked at, whatever the engine answers.
            assert result["failed"] or fault == "done", (host.name, number, fault, result)
            assert_same(inspected(host, "one", "four", "five"), before, host.name, number, fault)
            if not result["failed"]:
                assert not replace(host, state="absent")["failed"]
    finally:
        host.run(f"{NO_WAITING}1")
        put_back(host)


def faulty(host: Host, number: int, fault: str) -> dict[str, t.Any]:
    """The result of a replacement on an engine whose answer to one request is not as it should be."""
    command = ["docker", "exec", "-i", host.container, "python3", "/opt/direct/faulty_socket.py", "docker_ipv6_network"]
    said = output(*command, str(number), fault, stdin=json.dumps({"name": "old"}))
    return t.cast(dict[str, t.Any], json.loads(said))


def test_the_subnet_is_taken_at_the_last_moment(attached: Host) -> None:
    before = inspected(attached)
    subnet = "fd5c:1ab0:88:1::/64"
    taken = f"docker network create --ipv6 --subnet {subnet} thief >/dev/null"
    steps = replace(attached, check=True, subnet=subnet)["steps"]
    number = 1 + next(index for index, step in enumerate(steps) if step.startswith("create network old"))
    with ThreadPoolExecutor() as pool:
        running = pool.submit(replace, attached, fault=f"hold:{number}", subnet=subnet)
        release(attached, taken)
        result = running.result()
    attached.run("docker network rm thief >/dev/null")
    assert result["failed"] and result["rolled_back"], result
    assert "The old state is back" in result["msg"]
    assert "create network old with" in result["msg"]
    assert_same(inspected(attached), before)
    assert not has_ipv6(attached)


def release(host: Host, script: str) -> None:
    """Wait for the module that holds, run a script, and let it go on."""
    held = "for p in $(pgrep -f /opt/direct/direct.py); do grep -q 'State:.T' /proc/$p/status && echo $p; done; true"
    for _attempt in range(300):
        pid = host.run(held)
        if pid:
            host.run(script)
            host.run(f"kill -CONT {pid}")
            return
        time.sleep(0.1)
    raise AssertionError("the module was never held")


@pytest.mark.parametrize("words", ["remove network old", "create network old", "disconnect two from network 0--"])
def test_the_engine_is_killed_in_the_middle(attached: Host, words: str) -> None:
    """SIGKILL of dockerd: systemd starts it again, and the containers too are as before."""
    before = inspected(attached)
    steps = replace(attached, check=True)["steps"]
    number = 1 + next(index for index, step in enumerate(steps) if step.startswith(words))
    with ThreadPoolExecutor() as pool:
        running = pool.submit(replace, attached, fault=f"hold:{number}")
        release(attached, "kill -9 $(pidof dockerd)")
        result = running.result()
    assert result["failed"] and result["rolled_back"], result
    # What the engine's own end did to containers that it does not keep alive is not ours to hide.
    own = ("/State/", "/ResolvConfPath", "/RestartCount")
    found, before = (
        {name: one for name, one in some.items() if not any(part in name for part in own)}
        for some in (inspected(attached), before)
    )
    assert_same(found, before)
    assert attached.run("docker ps --format '{{.Names}}' | sort").split() == ["one", "three", "two"]
    assert not has_ipv6(attached)
