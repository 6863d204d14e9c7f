# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roll-outs over several hosts: who is changed, who is left alone, and what the run says, when something goes wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import ansible_runner
import pytest

from lab.rollout import batches_of
from tests.integration.conftest import ENGINES
from tests.integration.lab_host import INVENTORY, Host, clean, lab, output, play, settings, started

ALL = ",".join(ENGINES)
FAULT = "/etc/systemd/system/docker.service.d/fails.conf"
# dockerd does not start with what we write: it is taken for right, and only the restart fails.
BREAK = f"""
mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\\nExecStartPre=/bin/sh -c "! grep -q ip6tables /etc/docker/daemon.json"\\n' > {FAULT}
systemctl daemon-reload
"""
FIX = f"rm -f {FAULT}; systemctl daemon-reload; systemctl reset-failed docker docker.socket"
ARMED = "/var/lib/dms-ipv6/transaction.json"


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All that a run printed, in one line."""
    return " ".join((done.stdout + done.stderr).split())


def recap(done: subprocess.CompletedProcess[str], host: str) -> dict[str, int]:
    """A host's numbers of the recap."""
    line = re.findall(rf"^{host} +: (.*)$", done.stdout, re.MULTILINE)
    assert len(line) == 1, done.stdout + done.stderr
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line[0])}


def is_enabled(host: Host) -> bool:
    return "dms-ipv6" in host.run("docker network ls --format '{{.Name}}'").split()


@pytest.fixture
def fleet(hosts: dict[str, Host]) -> t.Iterator[dict[str, Host]]:
    """Three Docker hosts that are as their administrator left them, and are again afterwards."""
    found = {name: hosts[name] for name in ENGINES}
    for host in found.values():
        clean(host)
    yield found
    for host in found.values():
        host.run(FIX)
        clean(host)


def test_a_host_that_fails_stops_the_roll_out(fleet: dict[str, Host], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its batch finishes, itself in the old state; the next batch has no turn. Also where `free` is configured."""
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    bookworm, _trixie, sid = fleet.values()
    bookworm.run(BREAK)
    before = {name: (settings(host), started(host)) for name, host in fleet.items()}
    done = play(ALL, dms_ipv6_containers=["mail"], dms_ipv6_serial=[2, 1])
    assert done.returncode == 2, said(done)
    line = re.search(r"The roll-out stops\. bookworm: .*?Not touched: \w+\.", said(done))
    assert line, said(done)
    assert "Everything is as it was before this run." in line.group()
    assert line.group().endswith("As wanted: trixie. Not touched: sid.")
    assert [is_enabled(host) for host in fleet.values()] == [False, True, False]
    assert (settings(bookworm), settings(sid)) == (before["bookworm"][0], before["sid"][0])
    assert [started(host) for host in fleet.values()] == [both[1] for both in before.values()]
    assert (recap(done, "bookworm")["failed"], recap(done, "trixie")["failed"]) == (1, 0)
    assert recap(done, "sid")["ok"] == 1  # it was read, and that is all
    assert bookworm.run(f"test -e {ARMED} || echo none") == "none"

    bookworm.run(FIX)
    done = play(ALL, dms_ipv6_containers=["mail"], dms_ipv6_serial=[1, "100%"])
    assert done.returncode == 0, said(done)
    assert [recap(done, name)["changed"] > 0 for name in ENGINES] == [True, False, True]
    done = play(ALL, dms_ipv6_containers=["mail"])
    # One check is skipped once for all hosts.
    assert sum(recap(done, name)["skipped"] for name in ENGINES) == 1, said(done)
    assert sum(recap(done, name)["ok"] for name in ENGINES) == 4, said(done)
    assert "no hosts matched" in done.stdout


def killed_once(host: Host, there: Host, condition: str = f"test -e {ARMED}") -> threading.Thread:
    """A host that is killed as soon as something is the case on another one, or itself; by default, it is changed."""

    def kill() -> None:
        there.run(f"until {condition}; do sleep 0.1; done")
        output("docker", "kill", host.container)

    killer = threading.Thread(target=kill)
    killer.start()
    return killer


# Of the two connections it is the one that can tell a host that is gone.
def telling() -> dict[str, t.Any]:
    return {
        "ansible_connection": "community.docker.docker_api",
        "ansible_docker_docker_host": os.environ["DOCKER_HOST"],
    }


UNDONE = "What was not confirmed there is undone by the host itself."


def test_a_host_that_dies_while_it_is_changed(fleet: dict[str, Host]) -> None:
    """The other one of its batch is finished, the next batch has no turn, and the lost one undoes it by itself."""
    trixie = fleet["trixie"]
    before = settings(trixie)
    killer = killed_once(trixie, there=trixie)
    done = play("trixie,bookworm,sid", dms_ipv6_containers=["mail"], dms_ipv6_serial=[2, 1], **telling())
    killer.join()
    lab("up")
    assert done.returncode == 2, said(done)
    assert "The roll-out stops. trixie: no answer came from it" in said(done)
    assert f"{UNDONE} As wanted: bookworm. Not touched: sid." in said(done)
    assert (is_enabled(fleet["bookworm"]), is_enabled(fleet["sid"])) == (True, False)
    trixie.run(f"for i in $(seq 100); do test -e {ARMED} || exit 0; sleep 0.3; done; exit 1")
    assert (is_enabled(trixie), settings(trixie)) == (False, before)


@pytest.mark.parametrize(
    ("batch", "words", "enabled"),
    [(2, "As wanted: bookworm, sid. Not touched: none.", True), (1, "As wanted: bookworm. Not touched: sid.", False)],
)
def test_a_host_that_is_lost_in_its_turn(fleet: dict[str, Host], batch: int, words: str, enabled: bool) -> None:
    """The other one of its batch is finished. Also where it is alone in its batch, the run says what came of it."""
    killer = killed_once(fleet["trixie"], there=fleet["bookworm"])
    given: dict[str, t.Any] = {"dms_ipv6_containers": ["mail"], "dms_ipv6_serial": [1, batch], **telling()}
    done = play("bookworm,trixie,sid", **given)
    killer.join()
    lab("up")
    assert done.returncode == 2, said(done)
    assert "The roll-out stops. trixie: no answer came from it" in said(done)
    assert f"{UNDONE} {words}" in said(done)
    assert batches_of(done.stdout) == {"bookworm": 1, "trixie": 2, **({"sid": 2} if enabled else {})}
    numbers = recap(done, "trixie")
    assert (numbers["failed"], numbers["unreachable"], recap(done, "sid")["failed"]) == (1, 0, 0)
    assert [is_enabled(fleet[name]) for name in ("bookworm", "trixie", "sid")] == [True, False, enabled]


def test_a_host_that_is_lost_in_its_proof(fleet: dict[str, Host]) -> None:
    """It was confirmed, so it stays as it is. The other one of its batch is finished, the next batch has no turn."""
    killer = killed_once(fleet["trixie"], fleet["trixie"], "docker inspect dms-ipv6-responder >/dev/null 2>&1")
    given: dict[str, t.Any] = {"dms_ipv6_containers": ["mail"], "dms_ipv6_probe_hosts": ["client"], **telling()}
    done = play("bookworm,trixie,sid", dms_ipv6_serial=[2, 1], **given)
    killer.join()
    lab("up")
    assert done.returncode == 4, said(done)
    assert "The roll-out stops. Out of reach: trixie. As wanted: bookworm. Not touched: sid." in said(done)
    assert recap(done, "trixie")["unreachable"] == 1
    assert [is_enabled(fleet[name]) for name in ("bookworm", "trixie", "sid")] == [True, True, False]


def test_a_second_roll_out_is_refused_and_leaves_the_first_alone(fleet: dict[str, Host]) -> None:
    trixie = fleet["trixie"]
    assert not trixie.module("host_transaction", state="armed", transaction="theirs", within=600)["failed"]
    done = play("trixie,bookworm", dms_ipv6_containers=["mail"], dms_ipv6_serial=0)
    assert done.returncode == 2, said(done)
    assert "another run's change waits to be confirmed, and is undone in" in said(done)
    assert "Nothing was changed. As wanted: bookworm. Not touched: none." in said(done)
    assert json.loads(trixie.run(f"cat {ARMED}"))["id"] == "theirs"
    assert (is_enabled(trixie), is_enabled(fleet["bookworm"])) == (False, True)
    assert not trixie.module("host_transaction", state="reverted", transaction="theirs")["failed"]


def test_a_probe_host_that_is_gone(fleet: dict[str, Host]) -> None:
    """It is named, and no Docker host fails for it, unless a proof is required. The metrics say so."""
    metrics = "/var/tmp/dms_ipv6.prom"
    given: dict[str, t.Any] = {"dms_ipv6_containers": ["mail"], "dms_ipv6_metrics_path": metrics}
    done = play("bookworm", dms_ipv6_probe_hosts=["gone", "closed", "client"], **given)
    assert done.returncode == 0, said(done)
    for name in ("gone", "closed"):
        assert f"probe host {name} is out of reach, or cannot run a module" in done.stdout
    assert fleet["bookworm"].module("docker_ipv6_info")["proof"]["result"] == "passed", said(done)
    lines = fleet["bookworm"].run(f"cat {metrics}; date +%s").splitlines()
    assert 'dms_ipv6_proof_result{expect="real",result="passed"} 1' in lines
    assert 0 <= int(lines[-1]) - int(lines[2].split()[1]) < 60
    for required in (False, True):
        done = play("bookworm", "verify", dms_ipv6_probe_hosts=["closed"], dms_ipv6_require_proof=required, **given)
        assert done.returncode == (2 if required else 0), said(done)
        assert "bookworm: not verified: probe host closed is out of reach, or cannot run a module." in said(done)
    done = play("bookworm", "verify", dms_ipv6_require_proof=True, **given)
    assert done.returncode == 2
    assert "dms_ipv6_require_proof is set, and there is no probe host." in said(done)
    assert fleet["bookworm"].run("docker ps -a --format '{{.Names}}'").split() == ["mail"]
    assert 'result="not verified"} 1' in fleet["bookworm"].run(f"cat {metrics}")
    assert play("bookworm", "undo", **given).returncode == 0
    assert fleet["bookworm"].run(f"test -e {metrics} || echo none") == "none"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"dms_ipv6_serial": "some"}, "dms_ipv6_serial: give numbers of hosts such as 5 or 10%, not some."),
        ({"dms_ipv6_hosts": "nosuch"}, "No group and no host is called nosuch."),
    ],
)
def test_bad_input_changes_nothing(fleet: dict[str, Host], variables: dict[str, t.Any], words: str) -> None:
    before = [host.state() for host in fleet.values()]
    given: dict[str, t.Any] = {"host": ALL, "dms_ipv6_containers": ["mail"], **variables}
    done = play(**given)
    assert done.returncode != 0
    assert words in said(done)
    assert [host.state() for host in fleet.values()] == before


def test_check_mode_limits_and_tags(fleet: dict[str, Host]) -> None:
    before = [host.state() for host in fleet.values()]
    done = play(ALL, options=["--check", "--diff", "--limit", "bookworm,sid"], dms_ipv6_containers=["mail"])
    assert done.returncode == 0, said(done)
    assert '+    "ip6tables": true' in done.stdout
    assert "trixie" not in done.stdout
    # Nothing is at risk, so all are looked at in one batch.
    assert len(re.findall("^PLAY .Change", done.stdout, re.MULTILINE)) == 1
    for options, names in ((["--tags", "dms_ipv6"], ENGINES), (["--skip-tags", "dms_ipv6"], ()), (["--tags", "x"], ())):
        done = play(ALL, options=["--check", *options], dms_ipv6_containers=["mail"])
        assert done.returncode == 0, said(done)
        assert [name for name in ENGINES if re.search(f"^{name} +:", done.stdout, re.MULTILINE)] == list(names)
    assert play(ALL, options=["--list-hosts"]).returncode == 0
    assert [host.state() for host in fleet.values()] == before


def test_pulled_by_the_host_itself(fleet: dict[str, Host], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ansible-pull limits its run to the host that it runs on; another one in the same inventory is left alone."""
    # It limits the run to all names that the host may have, of which the inventory has one.
    monkeypatch.setenv("ANSIBLE_HOST_PATTERN_MISMATCH", "warning")
    repository = tmp_path / "repository"
    repository.mkdir()
    common = {"ansible_connection": "community.docker.docker", "ansible_python_interpreter": "/usr/bin/python3"}
    names = {"localhost": fleet["bookworm"].container, "trixie": fleet["trixie"].container}
    docker = {
        "hosts": {name: {"ansible_host": container} for name, container in names.items()},
        "vars": {**common, "dms_ipv6_containers": ["mail"]},
    }
    (repository / "inventory.json").write_text(json.dumps({"docker": docker}))
    (repository / "local.yml").write_text("- import_playbook: dms.ipv6.enable\n")
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@example.test"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        output(*git, *command)
    command = ["ansible-pull", "-U", str(repository), "-d", str(tmp_path / "pulled"), "-i", "inventory.json"]
    done = subprocess.run([*command, "local.yml"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, said(done)
    assert (is_enabled(fleet["bookworm"]), is_enabled(fleet["trixie"])) == (True, False)


def test_run_as_awx_does_it(fleet: dict[str, Host], tmp_path: Path) -> None:
    """By ansible-runner, with events to read, and never a question."""
    before = fleet["trixie"].state()
    variables = {"dms_ipv6_hosts": "trixie", "dms_ipv6_containers": ["mail"]}
    begun = time.monotonic()
    done = ansible_runner.run(
        private_data_dir=str(tmp_path),
        inventory=str(INVENTORY),
        playbook="dms.ipv6.enable",
        extravars=variables,
        cmdline="--check",
        quiet=True,
    )
    assert time.monotonic() - begun < 120
    events = list(done.events)
    assert (done.status, done.rc) == ("successful", 0), [event["stdout"] for event in events]
    assert "playbook_on_vars_prompt" not in {event["event"] for event in events}
    read = [
        event["event_data"] for event in events if event.get("event_data", {}).get("task_action", "").endswith("_info")
    ]
    plans = [one["res"]["plan"]["steps"] for one in read if "res" in one]
    assert any(step.startswith("create network dms-ipv6") for step in plans[0])
    assert done.stats["ok"].keys() == {"localhost", "trixie"}  # the variables are checked on the controller
    assert fleet["trixie"].state() == before
