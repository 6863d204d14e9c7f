# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart would do beside what is wanted, on real hosts: refused before anything is written, and named."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from lab import engines
from tests.integration.lab_host import ORIGINAL, WANTED, Host, clean, settings, started

DROP_IN = "/etc/systemd/system/docker.service.d"
NO_UNIT = "systemctl stop tied foreground 2>/dev/null || true; rm -f /etc/systemd/system/tied.service"


def refused(host: Host, words: str, **options: t.Any) -> None:
    """Refused in these words, in check mode too; the file and the container are as they were."""
    before = started(host)
    for check in (True, False):
        result = host.direct("docker_daemon_config", check=check, **{"config": WANTED, **options})
        assert result["failed"], result
        assert words in result["msg"], result["msg"]
        assert "\n" not in result["msg"]
    assert settings(host) == ORIGINAL
    assert started(host) == before


@contextlib.contextmanager
def prepared(host: Host, script: str, undo: str) -> t.Iterator[None]:
    """A host on which something was prepared, and taken back after."""
    clean(host)
    try:
        host.run(script)
        yield
    finally:
        host.run(undo)


def drop_in(lines: str) -> str:
    """The command that adds lines to Docker's unit."""
    return f"mkdir -p {DROP_IN}; printf '[Service]\\n{lines}\\n' > {DROP_IN}/x.conf"


FLAGS = {"drop-in": drop_in("ExecStart=\\nExecStart='\"$(command -v dockerd)\"' -H fd:// --init=true")}
if engines.does("bookworm", "docker_opts"):
    FLAGS["environment"] = drop_in('Environment="DOCKER_OPTS=--init=true"')
    FLAGS["/etc/default/docker"] = (
        "cp /etc/default/docker /var/tmp/default; echo 'DOCKER_OPTS=\"--init=true\"' >> /etc/default/docker"
    )


@pytest.mark.parametrize("script", FLAGS.values(), ids=FLAGS.keys())
def test_a_flag_that_the_next_daemon_gets(bookworm: Host, script: str) -> None:
    """The daemon that runs does not have it yet, so its command line tells nothing."""
    undo = (
        f"rm -rf {DROP_IN}; [ ! -e /var/tmp/default ] || mv /var/tmp/default /etc/default/docker;"
        "systemctl daemon-reload"
    )
    with prepared(bookworm, f"{script}; systemctl daemon-reload", undo):
        refused(bookworm, "docker.service starts dockerd with --init=true, and init is in the file too")


def test_a_flag_of_the_running_daemon(bookworm: Host) -> None:
    with prepared(
        bookworm,
        "cp /etc/default/docker /var/tmp/default; echo 'DOCKER_OPTS=\"--init=true\"' >> /etc/default/docker;"
        "systemctl restart docker; docker start mail >/dev/null",
        "mv /var/tmp/default /etc/default/docker; systemctl restart docker",
    ):
        refused(bookworm, "init is also a flag of the running dockerd (--init)")


INSTALLED = "printf '#!/bin/sh\\necho Docker version {version}, build x\\n' > $D; chmod 755 $D"


def test_an_engine_upgrade_that_waits_for_a_restart(engine: Host) -> None:
    """The package was upgraded, and dockerd not restarted yet."""
    keep = "D=$(command -v dockerd); cp -p $D /var/tmp/dockerd; rm $D"
    with prepared(engine, f"{keep}; {INSTALLED.format(version='99.1.2')}", "mv /var/tmp/dockerd $(command -v dockerd)"):
        refused(engine, "to 99.1.2, which is installed")
        assert engine.direct("docker_daemon_config", check=True, config=WANTED, allow_engine_upgrade=True)["restarted"]


def test_a_package_that_was_installed_again(bookworm: Host) -> None:
    """Another file of the same version is not an upgrade."""
    with prepared(bookworm, "D=$(command -v dockerd); cp -p $D /var/tmp/d; mv /var/tmp/d $D", ":"):
        assert bookworm.direct("docker_daemon_config", check=True, config=WANTED)["restarted"]


@pytest.mark.parametrize("dependency", ["Requires", "BindsTo", "PartOf"])
def test_a_unit_that_systemd_stops_with_docker(bookworm: Host, dependency: str) -> None:
    unit = f"[Unit]\\n{dependency}=docker.service\\n[Service]\\nExecStart=/bin/sleep 900\\n"
    script = f"printf '{unit}' > /etc/systemd/system/tied.service; systemctl daemon-reload; systemctl start tied"
    with prepared(bookworm, script, f"{NO_UNIT}; systemctl daemon-reload"):
        refused(bookworm, "a restart would stop tied.service")
        assert bookworm.direct("docker_daemon_config", check=True, config=WANTED, allow_container_restart=True)[
            "changed"
        ]


def test_a_unit_that_runs_a_docker_client(bookworm: Host) -> None:
    with prepared(bookworm, "systemd-run --quiet --unit=foreground docker attach mail; sleep 1", NO_UNIT):
        refused(bookworm, "a restart would stop foreground.service")


BRIDGE = (
    "sysctl -qw net.ipv6.conf.all.forwarding=1; ip link add virbr9 type bridge; ip link set virbr9 up;"
    "ip -6 addr add fd5c:1ab0:99::1/64 dev virbr9; ip6tables -P FORWARD ACCEPT"
)
NO_BRIDGE = "ip link del virbr9; sysctl -qw net.ipv6.conf.all.forwarding=0"


@pytest.mark.parametrize("name", engines.each(word="forward_drop"))
def test_other_machines_whose_traffic_would_be_dropped(hosts: dict[str, Host], name: str) -> None:
    """Below 28, ip6tables sets the policy of FORWARD to DROP, for virtual machines and VPNs as well."""
    host = hosts[name]
    config = {"experimental": True, "ip6tables": True}
    with prepared(host, BRIDGE, NO_BRIDGE):
        refused(host, "this host forwards IPv6 for others (virbr9)", config=config)
        assert host.direct("docker_daemon_config", check=True, config=config, allow_forward_drop=True)["restarted"]


@pytest.mark.parametrize("name", engines.each(without="forward_drop"))
def test_engines_that_leave_the_policy_alone(hosts: dict[str, Host], name: str) -> None:
    host = hosts[name]
    with prepared(host, BRIDGE, NO_BRIDGE):
        assert host.direct("docker_daemon_config", check=True, config={"init": True, "ip6tables": True})["restarted"]


def test_a_swarm_node_has_no_live_restore(bookworm: Host) -> None:
    script = "docker swarm init --advertise-addr 127.0.0.1 >/dev/null"
    with prepared(bookworm, script, "docker swarm leave --force >/dev/null"):
        refused(bookworm, "a restart for init would stop mail: this is a Swarm node, where live-restore is impossible")


BRIDGED = {"ipv6": True, "fixed-cidr-v6": "fd5c:1ab0:66:1::/64"}
BRIDGE_SHOWN = "docker network inspect -f '{{.EnableIPv6}} {{.IPAM.Config}}' bridge"
ADDRESS = "docker inspect -f '{{.NetworkSettings.GlobalIPv6Address}}' mail"


@pytest.mark.parametrize("live_restore", [False, True], ids=["live-restore off", "live-restore on"])
def test_the_default_bridge_stays_as_it_is_while_containers_run(engine: Host, live_restore: bool) -> None:
    """Without consent the containers are named; with it they are stopped and started, and the bridge is another."""
    script = "true"
    if live_restore:
        script = f"printf '%s' '{ORIGINAL}' | sed 's/{{/{{ \"live-restore\": true,/' > /etc/docker/daemon.json"
        script += "; systemctl reload docker; sleep 1"
    with prepared(engine, script, ":"):
        before = settings(engine), started(engine)
        result = engine.direct("docker_daemon_config", config=BRIDGED)
        assert "a restart for ipv6" in result["msg"]
        assert "would stop mail: dockerd leaves the default bridge as it is while containers run" in result["msg"]
        assert (settings(engine), started(engine)) == before
        wanted: dict[str, t.Any] = {"config": BRIDGED, "allow_container_restart": True}
        result = engine.direct("docker_daemon_config", **wanted)
        assert not result["failed"], result
        assert ("stop mail, because" in " ".join(result["steps"])) is live_restore
        assert "fd5c:1ab0:66:1::/64" in engine.run(BRIDGE_SHOWN)
        assert engine.run(ADDRESS).startswith("fd5c:1ab0:66:1:")
        assert started(engine) != before[1] and started(engine).endswith("true")
        assert not engine.direct("docker_daemon_config", check=True, **wanted)["changed"]
        result = engine.direct("docker_daemon_config", state="restored", allow_container_restart=True)
        assert not result["failed"], result
        assert engine.run(BRIDGE_SHOWN).startswith("false ")
        assert settings(engine) == before[0]
        assert started(engine).endswith("true")


def test_containers_that_a_run_stopped_and_did_not_start_again(engine: Host) -> None:
    """It died in between; the next one starts them, whatever it is for."""
    with prepared(engine, "true", ":"):
        live: dict[str, t.Any] = {"config": {"live-restore": True}}
        assert not engine.direct("docker_daemon_config", **live)["failed"]
        wanted: dict[str, t.Any] = {"config": BRIDGED, "allow_container_restart": True}
        steps = engine.direct("docker_daemon_config", check=True, **wanted)["steps"]
        number = 1 + next(index for index, step in enumerate(steps) if step.startswith("stop mail"))
        assert engine.direct("docker_daemon_config", fault=f"after:{number}", **wanted)["killed"]
        assert started(engine).endswith("false")
        result = engine.direct("docker_daemon_config", **wanted)
        assert not result["failed"], result
        assert started(engine).endswith("true")
        assert engine.run(ADDRESS).startswith("fd5c:1ab0:66:1:")
        result = engine.direct("docker_daemon_config", state="restored", allow_container_restart=True)
        assert not result["failed"], result


ATTRIBUTES = """python3 - <<'END'
import os, struct
path = "/etc/docker/daemon.json"
acl = [(1, 6, 0xFFFFFFFF), (2, 4, 1), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)]
packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in acl)
os.chown(path, 1, 2)
os.setxattr(path, "system.posix_acl_access", packed)
os.setxattr(path, "security.selinux", b"system_u:object_r:container_config_t:s0")
END
"""
SHOWN = """python3 - <<'END'
import os
path = "/etc/docker/daemon.json"
print([(name, os.getxattr(path, name)) for name in sorted(os.listxattr(path))], os.stat(path)[:1], os.stat(path)[4:6])
END
"""


def test_owner_acl_and_selinux_label_stay(fresh_attributes: Host) -> None:
    """Also after what brings the file back."""
    host = fresh_attributes
    before = host.run(SHOWN)
    assert "posix_acl_access" in before and "container_config_t" in before
    assert not host.direct("docker_daemon_config", config=WANTED)["failed"]
    assert settings(host) != ORIGINAL
    assert host.run(SHOWN) == before
    assert not host.direct("docker_daemon_config", state="restored")["failed"]
    assert settings(host) == ORIGINAL
    assert host.run(SHOWN) == before


@pytest.fixture
def fresh_attributes(bookworm: Host) -> t.Iterator[Host]:
    """A host whose file has an owner, an access control list and a label of its own."""
    clean(bookworm)
    bookworm.run(ATTRIBUTES)
    bookworm.run("systemctl restart docker; docker start mail >/dev/null")
    yield bookworm
    clean(bookworm)


def test_confirmed_only_if_something_outside_is_reached(bookworm: Host, client: Host) -> None:
    """Over a local connection a fresh one proves nothing; a target that must be reached does."""
    clean(bookworm)
    address = client.run("hostname -I").split()[0]
    server = client.run("python3 -m http.server 8025 >/dev/null 2>&1 & echo $!; sleep 1")
    try:
        result = bookworm.direct("docker_daemon_config", config=WANTED, confirm_within=300)
        mine = {"state": "confirmed", "transaction": result["transaction"]}
        lost = bookworm.direct("host_transaction", **mine, reach=f"{address}:8026")
        assert lost["failed"]
        assert f"{address}:8026" in lost["msg"]
        assert bookworm.run("test -e /var/lib/dms-ipv6/transaction.json && echo armed") == "armed"
        assert not bookworm.direct("host_transaction", **mine, reach=f"{address}:8025")["failed"]
    finally:
        client.run(f"kill {server}")
    assert bookworm.run("test -e /var/lib/dms-ipv6/transaction.json || echo confirmed") == "confirmed"
    assert settings(bookworm) != ORIGINAL
    clean(bookworm)
