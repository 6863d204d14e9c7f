# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which dockerd is changed, and what becomes of a file and a daemon that are provisioned within one second."""

from __future__ import annotations

import json
import typing as t

import pytest

from tests.integration.conftest import MAIL
from tests.integration.lab_host import Host, settings

SECOND = "/run/second.sock"
# A dockerd with a socket, data and a bridge of its own, as a service.
START_SECOND = """
systemctl stop docker2 2>/dev/null || true
mkdir -p /run/second; echo '{}' > /run/second/daemon.json; sleep 0.1
systemd-run --quiet --unit docker2 dockerd --config-file /run/second/daemon.json -H unix:///run/second.sock \
    --data-root /run/second/data --exec-root /run/second/exec --pidfile /run/second/pid --bridge none --iptables=0 \
    --ip6tables=f --experimental=t --storage-driver vfs
for _try in $(seq 300); do docker -H unix:///run/second.sock version >/dev/null 2>&1 && exit 0; sleep 0.1; done
exit 1
"""
# A user's process that is called dockerd and names a file of the user's as the daemon's.
IMPOSTOR = """
cp "$(readlink -f /usr/bin/python3)" /var/tmp/dockerd; chmod 755 /var/tmp/dockerd
setpriv --reuid 65534 --regid 65534 --clear-groups setsid /var/tmp/dockerd -c 'import time; time.sleep(600)' \
    --config-file=/tmp/impostor.json >/dev/null 2>&1 &
for _try in $(seq 100); do pgrep -x -u 65534 dockerd && exit 0; sleep 0.1; done
exit 1
"""


def main_pid(host: Host, unit: str = "docker") -> str:
    return host.run(f"systemctl show -p MainPID --value {unit}")


@pytest.fixture
def second(fresh: Host) -> t.Iterator[Host]:
    fresh.run(START_SECOND)
    yield fresh
    fresh.run(
        "systemctl stop docker2; systemctl reset-failed docker2 2>/dev/null || true;"
        " rm -rf /run/second /run/second.sock"
    )


def test_a_second_dockerd_is_kept_apart(second: Host) -> None:
    """Each is queried, and restarted, by its own socket; the other one does not notice."""
    # If no option said which is meant, /run/docker.pid decided.
    second.run("rm /run/docker.pid")
    first_before, second_before = main_pid(second), main_pid(second, "docker2")
    result = second.direct("docker_daemon_config", docker_socket=SECOND, config={"init": True})
    assert (result["failed"], result["restarted"], result["path"]) == (False, True, "/run/second/daemon.json")
    assert main_pid(second) == first_before
    second_after = main_pid(second, "docker2")
    assert second_after != second_before
    assert "init" not in settings(second)
    result = second.direct("docker_daemon_config", config={"no-new-privileges": True})
    assert (result["failed"], result["restarted"], result["path"]) == (False, True, "/etc/docker/daemon.json")
    assert (main_pid(second, "docker2"), main_pid(second) != first_before) == (second_after, True)
    assert "no-new-privileges" not in second.run("cat /run/second/daemon.json")


def test_a_users_process_is_no_dockerd(fresh: Host) -> None:
    """It neither blocks a run nor has its file read or its program run, not even where there is no pidfile."""
    fresh.run('echo \'{"bridge": "evil"}\' > /tmp/impostor.json; rm /run/docker.pid')
    assert fresh.run(IMPOSTOR)
    try:
        result = fresh.direct("docker_daemon_config", config={"debug": True})
        assert (result["failed"], result["reloaded"], result["path"]) == (False, True, "/etc/docker/daemon.json")
        # One that listens itself on the socket that is named.
        fresh.run(
            "setpriv --reuid 65534 --regid 65534 --clear-groups setsid /var/tmp/dockerd -c '"
            'import socket; s = socket.socket(socket.AF_UNIX); s.bind("/tmp/impostor.sock"); s.listen()\n'
            'answer = b"HTTP/1.0 200 OK\\r\\n\\r\\n{\\"ServerVersion\\": \\"26.1.5\\"}"\n'
            "while True: c = s.accept()[0]; c.recv(999); c.sendall(answer); c.close()' >/dev/null 2>&1 &\n"
            "for _try in $(seq 100); do [ -S /tmp/impostor.sock ] && exit 0; sleep 0.1; done; exit 1"
        )
        result = fresh.direct(
            "docker_daemon_config", check=True, docker_socket="/tmp/impostor.sock", config={"debug": True}
        )
        assert result["failed"] and "which is not a dockerd of root's" in result["msg"]
    finally:
        fresh.run("pgrep -u 65534 -x dockerd | xargs -r kill; rm -f /tmp/impostor* /var/tmp/dockerd")


# The gateway's address is the usual one, as docker0 keeps it for later tests; the prefix is not.
BIP = "172.17.0.1/24"


def provision(host: Host, **wanted: t.Any) -> str:
    """A file that is written as the daemon starts, so that it is unknown whether it has been read."""
    host.run("docker rm -f mail >/dev/null; rm -rf /var/lib/dms-ipv6")
    host.run(
        f"systemctl stop docker docker.socket; systemctl reset-failed docker docker.socket; systemctl start docker;"
        f" printf '%s' '{json.dumps(wanted)}' > /etc/docker/daemon.json"
    )
    return settings(host)


@pytest.fixture
def provisioned(fresh: Host) -> t.Iterator[Host]:
    yield fresh
    fresh.run(MAIL)


def test_a_value_that_dockerd_cannot_start_with(provisioned: Host) -> None:
    before = provision(provisioned, **{"log-level": "info"})
    result = provisioned.direct("docker_daemon_config", config={"bip": "300.1.1.1/24"}, health_timeout=20)
    assert result["failed"] and result["rolled_back"], result
    assert settings(provisioned) == before
    assert provisioned.run("docker info -f '{{.ServerVersion}}'")


def test_a_value_that_dockerd_starts_with(provisioned: Host) -> None:
    provision(provisioned, **{"log-level": "info"})
    options: dict[str, t.Any] = {"config": {"bip": BIP}}
    assert provisioned.direct("docker_daemon_config", check=True, **options)["restarted"]
    result = provisioned.direct("docker_daemon_config", **options)
    assert (result["failed"], result["changed"], result["restarted"], result["unknown"]) == (False, True, True, [])
    assert BIP in provisioned.run("ip -4 address show docker0")
    again = provisioned.direct("docker_daemon_config", **options)
    assert (again["changed"], again["unknown"]) == (False, [])


def test_a_value_that_is_there_already_restarts_nothing(provisioned: Host) -> None:
    before = provision(provisioned, bip=BIP)
    pid = main_pid(provisioned)
    result = provisioned.direct("docker_daemon_config", config={"bip": BIP})
    assert (result["failed"], result["changed"], result["unknown"]) == (False, False, ["bip"])
    assert (settings(provisioned), main_pid(provisioned)) == (before, pid)


def test_a_file_that_was_written_right_before_the_start_is_known(provisioned: Host) -> None:
    """A file and a daemon of the same second, as a provisioning tool makes them."""
    provisioned.run(
        "rm -rf /var/lib/dms-ipv6; systemctl reset-failed docker docker.socket;"
        "printf '{\"init\": true}' > /etc/docker/daemon.json; systemctl restart docker"
    )
    result = provisioned.direct("docker_daemon_config", config={"init": True})
    assert (result["failed"], result["changed"], result["unknown"]) == (False, False, [])
    provisioned.run("docker rm -f mail >/dev/null")
