# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exposure model against reality: every way to publish a port, on every engine, predicted and then probed.

A container for each way stands on each host, all at once, so that each pair of settings costs one restart of the
daemon. docker_ipv6_info says what a client will get, the client says what it got, and they must agree to the last cell.
"""

from __future__ import annotations

import json
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from lab import engines
from tests.integration.lab_host import Host, clean, output

HERE = Path(__file__).parent
ENGINES = engines.HOSTS
FAMILIES = ("ipv4", "ipv6")
TABLES = ("filter", "nat", "raw")
MODE = "-o com.docker.network.bridge.gateway_mode_ipv6="
# Name -> options. The prefix for benchmarking counts as global: a client with a route may address containers itself.
NETWORKS = {
    "four": "--subnet 172.30.1.0/24",
    "six": "--ipv6 --subnet 172.30.2.0/24 --subnet {prefix}2::/80",
    "inside": "--ipv6 --internal --subnet 172.30.3.0/24 --subnet fd5c:1ab0:7e57:3::/64",
    "routed": f"--ipv6 --subnet 172.30.4.0/24 --subnet {{prefix}}4::/80 {MODE}routed",
    "unprotected": f"--ipv6 --subnet 172.30.5.0/24 --subnet {{prefix}}5::/80 {MODE}nat-unprotected",
    "another": "--ipv6 --subnet 172.30.6.0/24 --subnet fd5c:1ab0:7e57:6::/64",
    # Its IPv6 subnet has no effect: no container gets an address of it.
    "off": "--subnet 172.30.9.0/24 --subnet fd5c:1ab0:7e57:9::/64",
    "beside": "--subnet 172.30.7.0/24",
    "sixonly": "--ipv4=false --ipv6 --subnet fd5c:1ab0:7e57:8::/64",
}
GLOBAL = ("2", "4", "5")
# IPv4's policy of FORWARD stays: dockerd sets it only when it switches forwarding on, and no cell depends on it.
WITHOUT_RULES = "ip6tables -P FORWARD ACCEPT; " + "; ".join(
    f"{program} -t {table} -{do}" for program in ("iptables", "ip6tables") for table in TABLES for do in "FX"
)


class Settings(t.NamedTuple):
    """What the daemon is started with, and whether the host forwards IPv6."""

    ip6tables: bool
    proxy: bool
    iptables: bool = True
    forwarding: bool = True


SETTINGS = (
    *(Settings(*pair) for pair in product((False, True), (False, True))),
    Settings(False, True, iptables=False),
    Settings(True, True, forwarding=False),
)


@dataclass(frozen=True)
class Way:
    """A way to publish a port.

    Attributes:
        name: of the container.
        network: the value of ``--network``.
        bind: what stands before the host port; None for a port that is not published.
        listen: what the responder listens on.
        protocol: tcp or udp.
        joins: networks that it is connected to before it is started.
        direct: container ports that are tried at the container's own address.
        needs: what an engine must do for it, a word of the lab's table.
    """

    name: str
    network: str
    bind: str | None = ""
    listen: str = "[::]:80"
    protocol: str = "tcp"
    joins: tuple[str, ...] = ()
    direct: tuple[int, ...] = ()
    needs: str = ""


BINDINGS = {"any": "", "v4": "0.0.0.0:", "v6": "[::]:"}
ADDRESSES = {"v4": "{ipv4}:", "v6": "[{ipv6}]:"}
BOTH = "[::]:80 [::]:81"
# Remote address and state of a listener in /proc/PID/net/tcp{,6}.
IDLE = "0+:0000 0A"
WAYS = (
    *(Way(f"{on}-{name}", on, bind) for on, (name, bind) in product(("four", "six"), BINDINGS.items())),
    *(Way(f"{on}-udp", on, protocol="udp") for on in ("four", "six")),
    *(Way(f"{on}-udp-v4", on, listen="0.0.0.0:80", protocol="udp") for on in ("four", "six")),
    Way("six-but-off", "off"),
    *(Way(f"{on}-listens-v4", on, listen="0.0.0.0:80") for on in ("four", "six")),
    *(Way(f"{on}-listens-inside", on, listen="127.0.0.1:80 [::1]:80") for on in ("four", "six")),
    *(Way(f"{on}-at-{name}", on, bind) for on, (name, bind) in product(("four", "six"), ADDRESSES.items())),
    *(Way(f"six-lo-{name}", "six", bind) for name, bind in (("v4", "127.0.0.1:"), ("v6", "[::1]:"))),
    Way("host-both", "host", None, "[::]:{port}"),
    Way("host-v4", "host", None, "0.0.0.0:{port}"),
    Way("host-v6", "host", None, "[{ipv6}]:{port}"),
    Way("internal", "inside"),
    Way("none", "none"),
    Way("direct-any", "six", listen=BOTH, direct=(80, 81)),
    Way("direct-v4", "six", "0.0.0.0:", BOTH, direct=(80, 81)),
    Way("direct-none", "six", None, BOTH, direct=(80, 81)),
    Way("routed", "routed", listen=BOTH, direct=(80, 81)),
    Way("unprotected", "unprotected", listen=BOTH, direct=(80, 81)),
    Way("four-and-internal", "four", joins=("inside",)),
    Way("four-and-six", "four", joins=("six",)),
    Way("two-fours", "four", joins=("beside",)),
    Way("two-sixes", "six", joins=("another",)),
    Way("six-only", "sixonly", needs="ipv6_only"),
    Way("shared", "six", listen="[::]:82"),
    Way("sharing", "container:shared", None),
)
PORTS = {way.name: 8101 + number for number, way in enumerate(WAYS)}
# The container's port is another one's on the host.
PORTS["sharing"] = PORTS["shared"]


class Cell(t.NamedTuple):
    """A place that a client tries: a container's port at an address, over a protocol and a family."""

    name: str
    address: str
    port: int
    protocol: str
    family: str


def test_model_agrees_with_every_engine(hosts: dict[str, Host], client: Host) -> None:
    client.install()
    output("docker", "cp", str(HERE / "exposure_probe.py"), f"{client.container}:/opt/direct/exposure_probe.py")
    with ThreadPoolExecutor(len(ENGINES)) as pool:
        lines = list(pool.map(lambda name: agreement(hosts[name], client), engines.each()))
    print("\n" + "\n".join(line for of_engine in lines for line in of_engine))
    wrong = [line for of_engine in lines for line in of_engine[1:]]
    assert not wrong, "\n".join(wrong)


def agreement(host: Host, client: Host) -> list[str]:
    """The line with the count, and a line for each disagreement."""
    before = host.run("sysctl net.ipv6.conf.default.forwarding net.ipv6.conf.all.forwarding | tr -d ' '")
    try:
        restart(host, SETTINGS[0])
        addresses = set_up(host, client)
        found = [cell for settings in SETTINGS for cell in compared(host, client, addresses, settings)]
    finally:
        put_back(host, client, before)
    version = host.direct("docker_ipv6_info")["engine"]["version"]
    wrong = [f"  {host.name} {text}" for right, text in found if not right]
    return [f"{host.name}, Docker {version}: agreement: {len(found) - len(wrong)} of {len(found)}", *wrong]


def set_up(host: Host, client: Host) -> dict[str, str]:
    """Every container, started; the host's addresses."""
    addresses: dict[str, str] = host.direct("docker_ipv6_info")["addresses"]
    used = {name for way in ways(host) for name in (way.network, *way.joins)}
    script = [
        f"docker network create {options.format(prefix=prefix(host))} {name}"
        for name, options in NETWORKS.items()
        if name in used
    ]
    for way in ways(host):
        at = {"port": PORTS[way.name], **addresses}
        publish = "" if way.bind is None else f"-p '{way.bind.format(**at)}{at['port']}:80/{way.protocol}'"
        listen = way.listen.format(**at)
        script.append(
            f"docker create --name {way.name} --network {way.network} {publish} -e LISTEN='{listen}' dms-lab/whoami"
        )
        script += [f"docker network connect {one} {way.name}" for one in way.joins]
    host.run("{ " + "; ".join(script) + "; } >/dev/null")
    start(host)
    client.run("; ".join(f"ip -6 route replace {prefix(host)}{one}::/80 via {addresses['ipv6']}" for one in GLOBAL))
    return addresses


def start(host: Host) -> None:
    """Every container's service, up."""
    names = [way.name for way in ways(host)]
    # What shares another one's network comes last.
    host.run(
        f"echo {' '.join(names[:-1])} | xargs -P 4 -n 4 docker start >/dev/null; docker start {names[-1]} >/dev/null"
    )
    pids = dict(zip(names, host.run(f"docker inspect -f '{{{{.State.Pid}}}}' {' '.join(names)}").split()))
    waits = [
        f"until grep -qhE ':{heard(way):04X} {IDLE}' /proc/{pids[way.name]}/net/tcp*; do sleep 0.1; done"
        for way in ways(host)
    ]
    host.run("timeout 60 sh -e <<'END'\n" + "\n".join(waits) + "\nEND\n")
    output("docker", "cp", str(HERE / "exposure_udp.py"), f"{host.container}:/opt/direct/exposure_udp.py")
    udp = " ".join(
        pids[way.name] + ("" if way.listen.startswith("[") else "/4") for way in ways(host) if way.protocol == "udp"
    )
    host.run(f"systemd-run -q --unit exposure-udp --collect python3 /opt/direct/exposure_udp.py 80 {udp}")


def ways(host: Host) -> list[Way]:
    """Those that an engine can have."""
    return [way for way in WAYS if not way.needs or engines.does(host.name, way.needs)]


def prefix(host: Host) -> str:
    """Of the global subnets of a host, up to their last digit."""
    return f"2001:2:0:{ENGINES.index(host.name) + 1}"


def compared(host: Host, client: Host, addresses: dict[str, str], settings: Settings) -> list[tuple[bool, str]]:
    """For each cell whether prediction and reality agree, and the sentence to print if not."""
    restart(host, settings)
    info = host.direct("docker_ipv6_info")
    assert not info["failed"], info
    said = predicted(host, info, addresses)
    cells = list(dict.fromkeys((*cells_of(host, addresses), *said)))
    seen = probed(client, info, cells, 3)
    # Work on the machine can turn an answer into none, but not the other way round.
    late = [cell for cell in cells if seen[cell][0] == "timeout" and said.get(cell, ("",))[0] != "timeout"]
    seen.update(probed(client, info, late, 10))
    sentence = "{} {} {} {} [{}]:{}: predicted {}, seen {}"
    return [
        (
            said.get(cell, ("nothing", ""))[:2] == seen[cell],
            sentence.format(
                settings, cell.name, cell.family, cell.protocol, cell.address, cell.port, said.get(cell), seen[cell]
            ),
        )
        for cell in cells
    ]


def restart(host: Host, settings: Settings) -> None:
    """A daemon with these settings; containers run on. No rules are there but its own, as after a boot."""
    rules = {"ip6tables": settings.ip6tables, "iptables": settings.iptables, "userland-proxy": settings.proxy}
    config = json.dumps({"experimental": True, "live-restore": True, **rules})
    host.run(
        f"printf '%s' '{config}' > /etc/docker/daemon.json; systemctl reset-failed docker docker.socket; sleep 0.2;"
        f"systemctl stop docker docker.socket; {WITHOUT_RULES}; systemctl start docker;"
        f"sysctl -q net.ipv6.conf.all.forwarding={settings.forwarding:d};"
        # A bridge's own address is of no use until it is known to be unique.
        "timeout 10 sh -c 'while ip -6 address show tentative | grep -q inet6; do sleep 0.1; done'"
    )


def heard(way: Way) -> int:
    """The port that its service listens on."""
    return PORTS[way.name] if way.network == "host" else int(way.listen.split()[0].rpartition(":")[2])


def cells_of(host: Host, addresses: dict[str, str]) -> list[Cell]:
    """Everything that a client tries on a host."""
    cells = [
        Cell(way.name, addresses[family], PORTS[way.name], way.protocol, family)
        for way in ways(host)
        for family in FAMILIES
        if way.bind is not None or not way.direct
    ]
    direct = [way for way in ways(host) if way.direct]
    form = "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}"
    own = host.run(f"docker inspect -f '{form}' {' '.join(way.name for way in direct)}").split()
    return [*cells, *(Cell(way.name, at, port, "tcp", "ipv6") for way, at in zip(direct, own) for port in way.direct)]


def predicted(host: Host, info: dict[str, t.Any], addresses: dict[str, str]) -> dict[Cell, tuple[str, str, str]]:
    """What docker_ipv6_info says of our containers: the verdict, by which address, and the cause."""
    found = {}
    names = {way.name for way in ways(host)}
    for container in (one for one in info["containers"] if one["name"] in names):
        for one in container["exposure"]:
            at = Cell(container["name"], addresses[one["family"]], one["host_port"], one["protocol"], one["family"])
            found[at] = (one["verdict"], one["by"], one["cause"])
        for one in container["direct"]:
            at = Cell(container["name"], one["address"], one["port"], one["protocol"], one["family"])
            found[at] = (one["verdict"], one["by"], one["cause"])
    return found


def probed(client: Host, info: dict[str, t.Any], cells: list[Cell], timeout: int) -> dict[Cell, tuple[str, str]]:
    """What the client got at every cell: the verdict, and by which address if masked."""
    asked = {"addresses": info["host_addresses"], "places": [cell[1:] for cell in cells], "timeout": timeout}
    command = ("docker", "exec", "-i", "-e", "PYTHONPATH=/opt/direct", client.container)
    said = output(*command, "python3", "/opt/direct/exposure_probe.py", stdin=json.dumps(asked)) if cells else "[]"
    return {cell: (verdict, by) for cell, (verdict, by) in zip(cells, json.loads(said))}


def put_back(host: Host, client: Host, before: str) -> None:
    """The host and the client as they were."""
    client.run("; ".join(f"ip -6 route del {prefix(host)}{one}::/80 2>/dev/null || true" for one in GLOBAL))
    names = " ".join(way.name for way in ways(host))
    host.run(
        "systemctl stop exposure-udp 2>/dev/null || true;"
        f"docker rm -f {names} >/dev/null 2>&1 || true; docker network rm {' '.join(NETWORKS)} >/dev/null 2>&1 || true;"
        "systemctl reset-failed docker docker.socket; systemctl stop docker docker.socket;"
        f"{WITHOUT_RULES}; sysctl -q {' '.join(before.split())}"
    )
    clean(host)
