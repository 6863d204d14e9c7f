# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json as a transaction, on every engine: whatever goes wrong, containers run and the file is old or new."""

from __future__ import annotations

import json
import subprocess
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab import engines
from tests.integration.conftest import ENGINES
from tests.integration.lab_host import ORIGINAL, WANTED, Host, clean, output, settings, started


def live_restore(host: Host) -> str:
    return host.run("docker info -f '{{.LiveRestoreEnabled}}'")


def answers(host: Host) -> bool:
    """Whether the published port answers a client on another host, within its time limit."""
    address = host.direct("docker_ipv6_info")["addresses"]["ipv4"]
    said = subprocess.run(
        ["docker", "exec", Host("client").container, "curl", "-s", "-m", "5", f"http://{address}:8080/alive"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return said.stdout.strip() == "alive"


def test_killed_at_every_step(hosts: dict[str, Host]) -> None:
    """kill -9 of the module at every boundary of its plan: old or new file, daemon up, converged by the next run."""
    with ThreadPoolExecutor() as pool:
        points = list(pool.map(lambda name: kill_at_every_step(hosts[name]), engines.each()))
    print(f"\n{sum(points)} fault points on {len(points)} engines, 0 hosts lost")


def kill_at_every_step(host: Host) -> int:
    """The number of boundaries that were tried."""
    clean(host)
    before = started(host)
    steps = host.direct("docker_daemon_config", check=True, config=WANTED)["steps"]
    assert len(steps) == 7, steps
    faults = ["before:1", *(f"after:{number}" for number in range(1, len(steps) + 1))]
    for fault in faults:
        result = host.direct("docker_daemon_config", fault=fault, config=WANTED)
        assert result["killed"], (host.name, fault, result)
        found = json.loads(settings(host))
        old = json.loads(ORIGINAL)
        assert {name: value for name, value in found.items() if name != "live-restore"} in (old, {**old, **WANTED}), (
            fault
        )
        assert started(host) == before, fault
        assert not host.direct("docker_daemon_config", config=WANTED)["failed"], fault
        assert json.loads(settings(host)) == {**old, **WANTED}, fault
        assert live_restore(host) == "false", fault
        assert not host.direct("docker_daemon_config", check=True, config=WANTED)["changed"], fault
        assert not host.direct("docker_daemon_config", state="restored")["failed"], fault
        assert settings(host) == ORIGINAL, fault
        assert started(host) == before, fault
    clean(host)
    return len(faults)


BROKEN = [
    ({"storage-driver": "nosuch"}, "", "nosuch"),
    ({"experimental": True, "metrics-addr": "127.0.0.1:9323"}, "TAKEN", "9323"),
]
LISTENER = 'import socket, time; s = socket.create_server(("127.0.0.1", 9323)); time.sleep(600)'
TAKEN = f"systemd-run --quiet --unit=taken python3 -c '{LISTENER}'"


@pytest.mark.parametrize(("config", "prepare", "words"), BROKEN, ids=["storage-driver", "port taken"])
def test_a_daemon_that_does_not_start(fresh: Host, config: dict[str, t.Any], prepare: str, words: str) -> None:
    before = started(fresh)
    if prepare:
        fresh.run(f"{TAKEN}; sleep 1")
    try:
        begun = time.monotonic()
        result = fresh.direct("docker_daemon_config", config=config, health_timeout=5)
        seconds = time.monotonic() - begun
    finally:
        fresh.run("systemctl stop taken 2>/dev/null || true")
    assert result["failed"]
    assert result["rolled_back"], result["msg"]
    assert words in result["msg"]
    assert "dockerd said:" in result["msg"]
    assert settings(fresh) == ORIGINAL
    assert started(fresh) == before
    assert live_restore(fresh) == "false"
    assert answers(fresh)
    print(f"\n{fresh.name}: rolled back {seconds:.1f} s after the start of the run")


def test_a_unit_that_does_not_start_at_all(bookworm: Host) -> None:
    """Even the way back fails: both reasons are named, and the containers outlive the next start."""
    clean(bookworm)
    before = started(bookworm)
    drop_in = "/etc/systemd/system/docker.service.d"
    bookworm.run(
        f"mkdir -p {drop_in}; printf '[Service]\\nExecStartPre=/bin/false\\n' > {drop_in}/x.conf;"
        "systemctl daemon-reload"
    )
    try:
        result = bookworm.direct("docker_daemon_config", config=WANTED, health_timeout=3)
    finally:
        bookworm.run(
            f"rm -r {drop_in}; systemctl daemon-reload;"
            "systemctl reset-failed docker docker.socket; systemctl start docker"
        )
    assert result["failed"]
    assert not result["rolled_back"]
    assert "Not everything could be put back" in result["msg"]
    assert "The old file is kept as /etc/docker/daemon.json.dms-ipv6-" in result["msg"]
    assert started(bookworm) == before
    assert not bookworm.direct("docker_daemon_config", state="restored")["failed"]
    clean(bookworm)


def test_disk_full(bookworm: Host) -> None:
    clean(bookworm)
    bookworm.run(
        "cp -a /etc/docker /var/tmp/docker; mount -t tmpfs -o size=64k tmpfs /etc/docker;"
        "cp -a /var/tmp/docker/. /etc/docker;"
        "dd if=/dev/zero of=/etc/docker/filler bs=1k 2>/dev/null || true"
    )
    try:
        refused_untouched(bookworm, "No space left on device")
    finally:
        bookworm.run("umount /etc/docker; rm -r /var/tmp/docker")


def test_read_only(bookworm: Host) -> None:
    clean(bookworm)
    bookworm.run("mount --bind /etc/docker /etc/docker; mount -o remount,bind,ro /etc/docker")
    try:
        refused_untouched(bookworm, "Read-only file system")
    finally:
        bookworm.run("umount /etc/docker")


def test_immutable(bookworm: Host) -> None:
    clean(bookworm)
    bookworm.run(
        "cp -a /etc/docker /var/tmp/docker; mount -t tmpfs tmpfs /etc/docker; cp -a /var/tmp/docker/. /etc/docker;"
        "chattr +i /etc/docker/daemon.json"
    )
    try:
        refused_untouched(bookworm, "Operation not permitted")
    finally:
        bookworm.run("chattr -i /etc/docker/daemon.json; umount /etc/docker; rm -r /var/tmp/docker")


def refused_untouched(host: Host, words: str) -> None:
    """A run that cannot write fails in these words; file, daemon and folder are as before, except for a backup."""
    look = "ls -A /etc/docker | grep -v dms-ipv6-2; sha256sum /etc/docker/daemon.json; systemctl show -p MainPID docker"
    before = host.run(look), started(host)
    result = host.direct("docker_daemon_config", config=WANTED)
    assert result["failed"]
    assert words in result["msg"], result["msg"]
    assert (host.run(look), started(host)) == before
    assert "live-restore" not in settings(host)
    assert live_restore(host) == "false"


def test_a_symbolic_link_is_written_through(bookworm: Host) -> None:
    clean(bookworm)
    bookworm.run(
        "mkdir -p /srv/docker; mv /etc/docker/daemon.json /srv/docker/;"
        "ln -s /srv/docker/daemon.json /etc/docker/daemon.json"
    )
    assert not bookworm.direct("docker_daemon_config", config=WANTED)["failed"]
    assert bookworm.run("readlink /etc/docker/daemon.json") == "/srv/docker/daemon.json"
    assert json.loads(bookworm.run("cat /srv/docker/daemon.json"))["init"] is True
    clean(bookworm)


def test_two_runs_at_once(fresh: Host) -> None:
    before = started(fresh)
    configs: list[dict[str, t.Any]] = [WANTED, {"log-level": "warn"}]
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda config: fresh.direct("docker_daemon_config", config=config), configs))
    assert [result["failed"] for result in results] == [False, False], results
    assert json.loads(settings(fresh)) == {"log-level": "warn", "max-concurrent-downloads": 3, "init": True}
    assert started(fresh) == before


def test_undo_leaves_later_edits_alone(fresh: Host) -> None:
    fresh.direct("docker_daemon_config", config={"init": True, "log-level": "warn"})
    edited = settings(fresh).replace('"warn"', '"error"').replace("{\n", '{\n    "debug": false,\n', 1)
    fresh.run(f"printf '%s' '{edited}' > /etc/docker/daemon.json")
    result = fresh.direct("docker_daemon_config", state="restored")
    assert not result["failed"], result
    assert json.loads(settings(fresh)) == {"debug": False, "log-level": "error", "max-concurrent-downloads": 3}


def everything(host: Host) -> str:
    """What check mode must leave alone."""
    return host.run(
        "find /etc /var/lib/docker/network /var/lib/dms-ipv6 -xdev -printf '%p %m %s %T@\\n' 2>/dev/null | sort;"
        "systemctl show -p MainPID docker; docker network ls -q --no-trunc;"
        "sysctl -a 2>/dev/null | grep -E 'accept_ra |forwarding '"
    )


def test_check_mode_changes_nothing_and_predicts_what_is_done(fresh: Host) -> None:
    stamp = fresh.run("sleep 2; date +%s")
    before = everything(fresh)
    daemon = fresh.direct("docker_daemon_config", check=True, config=WANTED, confirm_within=60)
    network = fresh.direct("docker_ipv6_network", check=True, name="checked", containers=["mail"])
    assert daemon["changed"] and network["changed"]
    assert everything(fresh) == before
    assert fresh.run(f"docker events --since {stamp} --until $(date +%s)") == ""
    assert fresh.direct("docker_daemon_config", config=WANTED)["steps"] == daemon["steps"]
    assert fresh.direct("docker_ipv6_network", name="checked", containers=["mail"])["steps"] == network["steps"]
    assert not fresh.direct("docker_ipv6_network", name="checked", state="absent")["failed"]


def test_no_run_confirms(fresh: Host) -> None:
    """The host undoes the change by itself, and refuses other runs until then."""
    before = started(fresh)
    result = fresh.direct("docker_daemon_config", config=WANTED, confirm_within=12)
    assert not result["failed"], result
    assert settings(fresh) != ORIGINAL
    other = fresh.direct("docker_daemon_config", config={"init": False})
    assert "another run's change waits to be confirmed" in other["msg"]
    undone_within(fresh, 60)
    assert settings(fresh) == ORIGINAL
    assert started(fresh) == before
    late = fresh.direct("host_transaction", state="confirmed", transaction=result["transaction"])
    assert "was not confirmed in time and has been undone" in late["msg"]


def undone_within(host: Host, seconds: float) -> None:
    """Wait until the armed transaction is gone and the daemon answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if host.run("test -e /var/lib/dms-ipv6/transaction.json && echo armed || docker info -f ok") == "ok":
            return
        time.sleep(0.5)
    raise AssertionError(host.run("journalctl -u dms-ipv6-revert --no-pager | tail -20"))


def test_confirmed_in_time(fresh: Host) -> None:
    result = fresh.direct("docker_daemon_config", config=WANTED, confirm_within=12)
    assert not fresh.direct("host_transaction", state="confirmed", transaction=result["transaction"])["failed"]
    time.sleep(14)
    assert json.loads(settings(fresh))["init"] is True
    assert (
        fresh.run(
            "systemctl list-units --all 'dms-ipv6-revert*' --no-legend; ls /etc/systemd/system | grep dms-ipv6 || true"
        )
        == ""
    )


def test_reverted_on_request(fresh: Host) -> None:
    before = started(fresh)
    fresh.direct("docker_daemon_config", config=WANTED, confirm_within=300)
    assert not fresh.direct("host_transaction", state="reverted", any=True)["failed"]
    assert settings(fresh) == ORIGINAL
    assert started(fresh) == before


def test_the_reverter_is_killed(fresh: Host) -> None:
    """SIGKILL in the middle of the way back: systemd starts it again, and it begins again."""
    before = started(fresh)
    fresh.direct("docker_daemon_config", config=WANTED, confirm_within=4)
    killed = fresh.run(  # its first step is the old file
        "for i in $(seq 1000); do grep -q init /etc/docker/daemon.json ||"
        " { kill -9 $(systemctl show -p MainPID --value dms-ipv6-revert.service) && echo killed; exit; };"
        " sleep 0.02; done"
    )
    assert killed == "killed"
    undone_within(fresh, 60)
    assert settings(fresh) == ORIGINAL
    assert started(fresh) == before


def test_the_host_is_killed_while_a_change_is_not_confirmed(fresh: Host) -> None:
    """SIGKILL of the whole host: at its next boot it undoes the change."""
    fresh.run("docker update --restart unless-stopped mail >/dev/null")
    fresh.direct("docker_daemon_config", config=WANTED, confirm_within=600)
    fresh.run("sync")
    output("docker", "kill", fresh.container)
    output("docker", "start", fresh.container)
    for _attempt in range(60):
        done = subprocess.run(["docker", "exec", fresh.container, "docker", "info"], capture_output=True, check=False)
        if done.returncode == 0:
            break
        time.sleep(1)
    undone_within(fresh, 60)
    assert settings(fresh) == ORIGINAL
    assert fresh.run("docker inspect -f '{{.State.Running}}' mail") == "true"


def entries(host: Host) -> list[str]:
    return host.run("ls -A /var/lib/dms-ipv6").split()


def not_armed(host: Host) -> None:
    """Nothing waits to be confirmed, and no unit is left that would do something about it."""
    assert "transaction.json" not in entries(host)
    found = "systemctl list-timers --all --no-legend 'dms-ipv6-revert*'; ls /etc/systemd/system | grep dms-ipv6 || true"
    assert host.run(found) == ""


def reverted(host: Host) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(host.run("cat /var/lib/dms-ipv6/record.json"))["reverted"]
    return found


def starts(host: Host) -> int:
    """How often dockerd was started since the host came up."""
    return int(host.run("journalctl -u docker -o cat --no-pager | grep -c '^Starting docker.service' || true"))


def test_no_room_for_the_record_when_the_way_back_runs(fresh: Host) -> None:
    """/var/lib/dms-ipv6 is a full file system of its own: everything is back, nothing is armed, dockerd starts once."""
    fresh.run("mkdir -p /var/lib/dms-ipv6; mount -t tmpfs -o size=2m,mode=700 tmpfs /var/lib/dms-ipv6")
    before = started(fresh)
    try:
        assert not fresh.direct("docker_daemon_config", config=WANTED, confirm_within=12)["failed"]
        fresh.run("dd if=/dev/zero of=/var/lib/dms-ipv6/filler bs=1k 2>/dev/null || true")
        count = starts(fresh)
        undone_within(fresh, 60)
        assert (settings(fresh), started(fresh), starts(fresh)) == (ORIGINAL, before, count + 1)
        fresh.run("sleep 8")  # longer than systemd would wait before it starts it again
        assert starts(fresh) == count + 1
        not_armed(fresh)
        said = fresh.run("journalctl -u dms-ipv6-revert -o cat --no-pager | tail -5")
        assert "It could not be written down: /var/lib/dms-ipv6/record.json" in said
        assert "the change was not confirmed and has been undone" in said
    finally:
        fresh.run("umount /var/lib/dms-ipv6")


def test_killed_before_the_timer_was_started(fresh: Host) -> None:
    """Armed, and nothing will ever take it back but the next run."""
    before = started(fresh)
    assert not fresh.direct("docker_daemon_config", config=WANTED, confirm_within=20)["failed"]
    fresh.run("systemctl stop dms-ipv6-revert.timer; sleep 21")
    assert "transaction.json" in entries(fresh)
    check = fresh.direct("docker_daemon_config", check=True, config={"log-level": "warn"})
    assert "a run takes it back first" in json.dumps(check["warnings"])
    assert "transaction.json" in entries(fresh)
    done = fresh.direct("docker_daemon_config", config={"log-level": "warn"})
    assert not done["failed"], done
    assert "it was taken back first" in json.dumps(done["warnings"])
    assert json.loads(settings(fresh)) == {"log-level": "warn", "max-concurrent-downloads": 3}
    assert (started(fresh), reverted(fresh)["failed"]) == (before, [])
    not_armed(fresh)


def test_way_back_whose_restart_never_works_ends(fresh: Host) -> None:
    """Four attempts with pauses, then it says what is left; started again once the cause is gone, it goes on."""
    before = started(fresh)
    armed = fresh.direct("docker_daemon_config", config=WANTED, confirm_within=8, health_timeout=3)["transaction"]
    # Its pauses are those of the program, shortened in the copy that the host has got.
    fresh.run(
        "python3 - <<'EOF'\n"
        "import zipfile\n"
        "old, new = '/var/lib/dms-ipv6/revert.pyz', '/var/tmp/revert.pyz'\n"
        "with zipfile.ZipFile(old) as one, zipfile.ZipFile(new, 'w') as two:\n"
        "    for name in one.namelist():\n"
        "        two.writestr(name, one.read(name).replace(b'(30.0, 120.0, 480.0)', b'(2.0, 3.0, 4.0)'))\n"
        "EOF\n"
        "cat /var/tmp/revert.pyz > /var/lib/dms-ipv6/revert.pyz\n"
        "mkdir -p /etc/systemd/system/docker.service.d\n"
        "printf '[Service]\\nRestart=no\\nExecStartPre=/bin/false\\n' > /etc/systemd/system/docker.service.d/x.conf\n"
        "systemctl daemon-reload"
    )
    count = starts(fresh)
    try:
        for _second in range(90):
            if "transaction.failed.json" in entries(fresh):
                break
            time.sleep(1)
        assert starts(fresh) == count + 4
        fresh.run("sleep 8")
        assert starts(fresh) == count + 4
        not_armed(fresh)
        record = reverted(fresh)
        assert (record["gave_up"], record["transaction"]) == (True, armed)
        assert record["failed"] and record["left"]
    finally:
        fresh.run("rm -r /etc/systemd/system/docker.service.d; systemctl daemon-reload; systemctl reset-failed docker;"
                  "systemctl start docker")  # fmt: skip
    found = fresh.direct("docker_ipv6_info")
    (finding,) = [one for one in found["findings"] if one["id"] == "way_back_failed"]
    assert f"transaction={armed}" in finding["remedy"]
    again = fresh.direct("host_transaction", state="reverted", transaction=armed)
    assert (again["failed"], again.get("changed")) == (False, True), again
    assert (settings(fresh), started(fresh)) == (ORIGINAL, before)
    assert [one for one in fresh.direct("docker_ipv6_info")["findings"] if one["id"] == "way_back_failed"] == []


def test_every_engine_was_tried() -> None:
    assert ENGINES == ("bookworm", "trixie", "sid")
