# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers do by themselves fails no change and costs no restart of dockerd, on every engine."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from lab import engines
from tests.integration.conftest import ENGINES, MAIL
from tests.integration.lab_host import ORIGINAL, WANTED, Host, lab, play, started

pytestmark = pytest.mark.own_lab

INVENTORY = Path(__file__).with_name("misbehaving.yml")
RUN = "docker run -d --name {name} -v /run:/host:ro {options} dms-lab/whoami sh -c '{script}' >/dev/null;"
# They see the daemon go by its file, and end before it is back.
SEES_IT_GO = "while [ -e /host/docker.pid ]; do sleep 0.05; done"
ONCE = "[ -e /seen ] || {{ {0}; touch /seen; exit {1}; }}; sleep 900"


def container(name: str, script: str, options: str = "") -> str:
    return RUN.format(name=name, options=options, script=script)


# name -> how it is made; what is said of it is either nothing or one line with its name.
MISBEHAVING = {
    "crash-loop": container("crash-loop", "sleep 1; exit 1", "--restart always"),
    "crash-at-once": container("crash-at-once", "exit 1", "--restart always"),
    "worker": container("worker", f"{SEES_IT_GO}; exit 1"),
    "killed": container("killed", f"{SEES_IT_GO}; exit 137"),
    "done": container("done", f"{SEES_IT_GO}; exit 0"),
    "hostile": container("hostile", ONCE.format(SEES_IT_GO, 1), "--restart always"),
    "hostile-killed": container("hostile-killed", ONCE.format(SEES_IT_GO, 143), "--restart unless-stopped"),
    "removes-itself": container("removes-itself", f"{SEES_IT_GO}; exit 1", "--rm"),
    "removed": container("removed", "sleep 900")
    + "systemd-run --quiet sh -c 'while [ -e /run/docker.pid ]; do sleep 0.05; done;"
    " until docker rm -f removed; do sleep 0.1; done';",
    "paused": container("paused", "sleep 900") + "docker pause paused >/dev/null;",
    "crashed": container("crashed", "exit 1"),
}


@pytest.fixture(scope="module")
def misbehaving() -> t.Iterator[dict[str, Host]]:
    lab("down", INVENTORY)
    lab("up", INVENTORY)
    found = {name: Host(name, "health") for name in ENGINES}
    for one in found.values():
        one.install()
    yield found
    lab("down", INVENTORY)


@pytest.fixture(params=engines.each())
def host(request: pytest.FixtureRequest, misbehaving: dict[str, Host]) -> Host:
    """Docker with a container that behaves, and nothing of the collection."""
    found = misbehaving[request.param]
    found.run(
        "docker ps -aq | xargs -r docker rm -f >/dev/null; docker network prune -f >/dev/null;"
        f"rm -rf /var/lib/dms-ipv6 /etc/docker/daemon.json*; printf '%s' '{ORIGINAL}' > /etc/docker/daemon.json;"
        "systemctl reset-failed docker docker.socket; sleep 0.2; systemctl restart docker"
    )
    found.run(MAIL)
    return found


def starts(host: Host) -> int:
    """How often dockerd has been started."""
    return int(host.run("journalctl --sync; journalctl -u docker -o cat --no-pager | grep -c 'Starting up'"))


def status(host: Host, name: str) -> str:
    return host.run(f"docker inspect -f '{{{{.State.Status}}}}' {name} 2>/dev/null || echo gone").split()[-1]


def warnings(result: dict[str, t.Any], name: str) -> list[str]:
    """What warnings say of a container; ansible-core 2.19 has more than the text."""
    texts = [one["event"]["msg"] if isinstance(one, dict) else one for one in result.get("warnings", ())]
    return [one for one in texts if re.search(f"\\b{name}\\b", one)]


def no_trace_of_a_transaction(host: Host) -> None:
    assert "transaction.json" not in host.run("ls -A /var/lib/dms-ipv6")
    assert host.run("docker info -f '{{.LiveRestoreEnabled}}'") == "false"


@pytest.mark.parametrize("kind", MISBEHAVING)
def test_it_fails_no_restart(host: Host, kind: str) -> None:
    host.run(f"{MISBEHAVING[kind]} sleep 3")
    mail, before = started(host), starts(host)
    result = host.direct("docker_daemon_config", config=WANTED)
    assert not result["failed"], result
    assert starts(host) - before == 1
    assert started(host) == mail
    lines = warnings(result, kind)
    assert len(lines) <= 1, lines
    print(f"\n{host.name}, {kind}: {status(host, kind)} afterwards; {lines}")
    if kind == "paused":
        assert status(host, kind) == "paused"
        assert any("paused (paused)" in one for one in result["steps"])
    no_trace_of_a_transaction(host)
    assert not host.direct("docker_daemon_config", check=True, config=WANTED)["changed"]


def test_all_of_them_while_another_is_enabled(host: Host) -> None:
    """With the role, from end to end; on 28.5.2 the setting is what takes the restart."""
    host.run("".join(MISBEHAVING.values()) + "sleep 3")
    mail, before = started(host), starts(host)
    done = play(host.name, inventory=INVENTORY, dms_ipv6_containers=["mail"], dms_ipv6_userland_proxy=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert starts(host) - before == 1
    assert started(host) == mail
    assert status(host, "paused") == "paused"
    no_trace_of_a_transaction(host)


def test_only_a_paused_one_runs(host: Host) -> None:
    """It is kept alive as any other: no consent, and no restart of it."""
    host.run(f"docker rm -f mail >/dev/null; {MISBEHAVING['paused']}")
    asked = "docker inspect -f '{{.State.StartedAt}} {{.State.Status}}' paused"
    before, count = host.run(asked), starts(host)
    result = host.direct("docker_daemon_config", config=WANTED)
    assert not result["failed"], result
    assert any("paused (paused) keep" in one for one in result["steps"])
    assert host.run(asked) == before
    assert starts(host) - count == 1
    # With consent it is stopped and started, and paused again.
    result = host.direct("docker_daemon_config", config={"init": False}, allow_container_restart=True)
    assert not result["failed"], result
    assert status(host, "paused") == "paused"


@pytest.mark.parametrize("policy", ["", "--restart always"])
def test_the_only_container_ends(host: Host, policy: str) -> None:
    """It may be the restart's doing: everything goes back, once, it is started again, and that is the end of it."""
    host.run("docker rm -f mail >/dev/null;" + container("worker", f"{SEES_IT_GO}; exit 1", policy) + "sleep 1")
    before = starts(host)
    result = host.direct("docker_daemon_config", config=WANTED, health_timeout=5)
    assert result["failed"] and result["rolled_back"], result
    assert "container worker" in result["msg"] and "\n" not in result["msg"]
    assert starts(host) - before == 2
    no_trace_of_a_transaction(host)


@pytest.mark.parametrize("kind", ["paused", "crash-at-once", "worker", "crashed"])
def test_it_is_on_a_network_that_is_replaced(host: Host, kind: str) -> None:
    """One that restarts again and again may be running when it is moved; if it is not, one line says so."""
    made = MISBEHAVING[kind].replace("docker run", "docker run --network shop", 1)
    host.run(f"docker network create shop >/dev/null; docker network connect shop mail; {made} sleep 5")
    mail, before = started(host), starts(host)
    state = status(host, kind)
    result = host.direct("docker_ipv6_network", name="shop", containers=["mail"])
    if kind == "crash-at-once":
        assert "\n" not in result.get("msg", "")
        assert not result["failed"] or f"container {kind}: it restarts by itself" in result["msg"], result
        host.run(f"docker stop {kind}")
        result = host.direct("docker_ipv6_network", name="shop", containers=["mail"])
        state = "exited"
    assert not result["failed"], result
    assert status(host, kind) == state
    assert "shop" in host.run(f"docker inspect -f '{{{{json .NetworkSettings.Networks}}}}' {kind}")
    assert (started(host), starts(host)) == (mail, before)


def test_a_container_that_flaps_is_connected(host: Host) -> None:
    """It is what the operator asks for, so it gets the network, now or at its next start."""
    host.run(f"{MISBEHAVING['crash-loop']} sleep 3")
    result = host.direct("docker_ipv6_network", name="dms-ipv6", containers=["mail", "crash-loop"])
    assert not result["failed"], result
    assert "dms-ipv6" in host.run("docker inspect -f '{{json .NetworkSettings.Networks}}' crash-loop")
