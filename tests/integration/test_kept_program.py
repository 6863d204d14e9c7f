# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are read and changed by a program, which they keep or are sent, on every engine."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration.lab_host import Host, clean, output, play, settings, started

PROGRAM = "/var/lib/dms-ipv6/program.pyz"
# No module can be run with this interpreter.
NO_MODULE = "/bin/false"
# Nor with this one; a program can be sent.
NO_MODULE_BUT_SENT = "/opt/only-sent"
ONLY_SENT = f"""
printf '#!/bin/sh\\n[ "$1" = -c ] && exec /usr/bin/python3 "$@"\\n' > {NO_MODULE_BUT_SENT}
chmod 755 {NO_MODULE_BUT_SENT}
"""
# Whether a program may be sent, or the module is.
WAYS = pytest.mark.parametrize("pipelining", [True, False], ids=["a program is sent", "the module is sent"])
NAT: dict[str, t.Any] = {"mode": "nat", "containers": ["mail"]}
# A record of when the program was written, and what else is there.
KEPT = f"stat -c '%i %Y %s %a %u' {PROGRAM}"
FOLDER = "ls -A /var/lib/dms-ipv6 2>/dev/null || true"


def keep(host: Host) -> Host:
    result = host.module("docker_ipv6_info", keep_program=True, **NAT)
    assert (result["failed"], result["changed"]) == (False, False), result
    assert host.run(FOLDER) == "program.pyz"
    return host


@pytest.fixture
def keeping(fresh: Host) -> Host:
    """A host that keeps the program, and is not changed yet; of each engine in turn."""
    return keep(fresh)


@pytest.fixture
def one(bookworm: Host) -> t.Iterator[Host]:
    """The one whose engine has to be restarted with `ip6tables`."""
    clean(bookworm)
    yield keep(bookworm)
    clean(bookworm)


def read(host: Host, python: str = NO_MODULE, **options: t.Any) -> dict[str, t.Any]:
    return host.module("docker_ipv6_info", python=python, **{**NAT, **options})


def test_nothing_is_written_unasked(bookworm: Host) -> None:
    """By a reading for its own sake, or in check mode."""
    clean(bookworm)
    assert not read(bookworm, python="")["failed"]
    assert not read(bookworm, python="", keep_program=True, check=True)["failed"]
    done = play(bookworm.name, "enable", options=["--check"], dms_ipv6_containers=["mail"])
    assert done.returncode == 0, done.stdout + done.stderr
    done = play(bookworm.name, "audit")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bookworm.run(FOLDER) == ""


def told(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """What a host tells, however it is asked."""
    result["networks"].sort(key=lambda network: network["name"])  # an engine tells them in any order
    return {name: value for name, value in result.items() if name not in ("invocation", "killed")}


def test_read_without_a_module(keeping: Host) -> None:
    """The same is told, and nothing written: not even where another container is to be changed."""
    before = keeping.run(KEPT)
    by_module = told(keeping.direct("docker_ipv6_info", **NAT))
    assert by_module["plan"]["changed"] is True
    assert told(read(keeping)) == by_module
    assert read(keeping, keep_program=True, check=True)["plan"] == by_module["plan"]
    assert keeping.run(KEPT) == before
    assert before.split()[3:] == ["700", "0"]


def test_read_by_a_program_that_is_sent(fresh: Host) -> None:
    """It tells the same, and nothing is left of it but what is to be kept."""
    fresh.run(ONLY_SENT)
    by_module = told(fresh.direct("docker_ipv6_info", **NAT))
    try:
        for keep_program in (False, True):
            shown = read(fresh, python=NO_MODULE_BUT_SENT, check=keep_program, keep_program=keep_program)
            assert told(shown) == by_module
            assert fresh.run(FOLDER) == ""
        assert told(read(fresh, python=NO_MODULE_BUT_SENT, keep_program=True)) == by_module
    finally:
        fresh.run(f"rm {NO_MODULE_BUT_SENT}")
    assert fresh.run(FOLDER) == "program.pyz"
    assert told(read(fresh)) == by_module


def test_refused_by_a_program_that_is_sent(bookworm: Host) -> None:
    clean(bookworm)
    by_module = bookworm.direct("docker_ipv6_info", **{**NAT, "subnet": "2001:db8::/64"})
    sent = read(bookworm, python="", subnet="2001:db8::/64", keep_program=True)
    assert (sent["failed"], sent["msg"]) == (True, by_module["msg"])
    assert bookworm.run(FOLDER) == ""


def test_the_python_of_the_host_is_found(bookworm: Host) -> None:
    """And remembered, as for a module."""
    clean(bookworm)
    found = [read(bookworm, python="auto", pipelining=pipelining)["ansible_facts"] for pipelining in (True, False)]
    assert found[0] == found[1]
    assert found[0]["discovered_interpreter_python"].startswith("/usr/bin/python3")


def test_refused_without_a_module(one: Host) -> None:
    by_module = one.direct("docker_ipv6_info", **{**NAT, "subnet": "2001:db8::/64"})
    by_program = read(one, subnet="2001:db8::/64")
    assert by_program["failed"]
    assert by_program["msg"] == by_module["msg"]


def test_changed_and_undone_without_a_module(keeping: Host) -> None:
    """All of it, from check mode to the confirmation; then the way back by the same program, also of a failed one."""
    before = (settings(keeping), started(keeping))
    options = {"python": NO_MODULE, **NAT}
    shown = keeping.module("docker_ipv6", check=True, confirm_within=300, **options)
    assert (shown["changed"], "transaction" in shown) == (True, False), shown
    assert (settings(keeping), started(keeping)) == before
    done = keeping.module("docker_ipv6", confirm_within=300, **options)
    assert (done["failed"], done["changed"], done["steps"]) == (False, True, shown["steps"]), done
    same = keeping.run(f"cmp {PROGRAM} /var/lib/dms-ipv6/revert.pyz && echo same")
    assert same == "same"
    again = keeping.module("docker_ipv6", confirm_within=300, **options)
    assert again["changed"] is False, again
    confirmed = {"state": "confirmed", "transaction": done["transaction"]}
    assert not keeping.module("host_transaction", python=NO_MODULE, **confirmed)["failed"]
    assert keeping.run(FOLDER).split() == ["program.pyz", "record.json"]
    assert read(keeping)["plan"]["changed"] is False
    undone = keeping.module("docker_ipv6", python=NO_MODULE, mode="absent", confirm_within=300)
    assert undone["changed"], undone
    assert "program.pyz" not in keeping.run(FOLDER).split()
    assert not keeping.module("host_transaction", state="reverted")["failed"]
    assert read(keeping, python="")["plan"]["changed"] is False
    keeping.module("docker_ipv6", mode="absent")
    assert (settings(keeping), started(keeping)) == before


def test_a_change_that_fails_is_taken_back_by_the_program(one: Host) -> None:
    before = (settings(one), started(one))
    folder = "/etc/systemd/system/docker.service.d"
    script = "! grep -q ip6tables /etc/docker/daemon.json"
    one.run(
        f"mkdir -p {folder}; printf '[Service]\\nExecStartPre=/bin/sh -c \"{script}\"\\n' > {folder}/fails.conf;"
        "systemctl daemon-reload"
    )
    try:
        result = one.module("docker_ipv6", python=NO_MODULE, confirm_within=300, **NAT)
    finally:
        one.run(f"rm -r {folder}; systemctl daemon-reload; systemctl reset-failed docker docker.socket")
    assert (result["failed"], result["rolled_back"]) == (True, True), result
    assert result["msg"].endswith("Everything is as it was before this run."), result["msg"]
    assert (settings(one), started(one)) == before


@pytest.mark.parametrize(
    ("broken", "pipelining"),
    [("chmod 600", True), ("truncate -s 100", False), ("truncate -s 0", True), ("rm", True), ("rm", False)],
)
def test_a_program_that_cannot_be_run(one: Host, broken: str, pipelining: bool) -> None:
    """Something else is sent, and mends it if it is to be kept."""
    one.run(f"{broken} {PROGRAM}")
    assert read(one, python="", pipelining=pipelining)["plan"]["changed"] is True
    assert read(one, python="", pipelining=pipelining, keep_program=True)["plan"]["changed"] is True
    assert read(one)["plan"]["changed"] is True


# What the program of an earlier version may be: another file of ours, not compiled, that says something else.
ANOTHER = f"""
import io, json, os, zipfile
made = io.BytesIO()
with zipfile.ZipFile("{PROGRAM}") as old, zipfile.ZipFile(made, "w") as new:
    for name in old.namelist():
        data = old.read(name)
        if name == "origin.json":
            data = json.dumps({{**json.loads(data), "parts": ["0" * 12]}})
        if name.endswith("_host_plan.py"):
            data += b'summary = lambda *_arguments: "of another version"'
        if not name.endswith("_host_plan.pyc"):
            new.writestr(name, data)
with open("{PROGRAM}", "rb") as old:
    first = old.readline()
with open("{PROGRAM}", "wb") as new:
    new.write(first + made.getvalue())
"""


@WAYS
def test_a_program_of_another_version(one: Host, pipelining: bool) -> None:
    """It has nothing to say; something else is sent, and replaces it if it is to be kept."""
    output("docker", "exec", "-i", one.container, "python3", "-", stdin=ANOTHER)
    another = one.run(KEPT)
    found = read(one, python="", pipelining=pipelining)
    assert found["summary"] not in ("", "of another version")
    assert one.run(KEPT) == another
    assert read(one, python="", pipelining=pipelining, keep_program=True)["summary"] == found["summary"]
    assert one.run(KEPT) != another
    assert read(one)["summary"] == found["summary"]


def test_a_program_that_is_killed_while_it_changes(one: Host) -> None:
    """Nothing is begun anew on top of it, and the host undoes by itself what was done."""
    before = (settings(one), started(one))
    # The brackets keep it from killing itself first: systemd then ends it, at times before it has killed another.
    one.run(
        "systemd-run --quiet --unit=killer sh -c 'until grep -q ip6tables /etc/docker/daemon.json; do sleep 0.02; done;"
        " pkill -9 -f [p]rogram.pyz.change'"
    )
    try:
        result = one.module("docker_ipv6", confirm_within=8, **NAT)
    finally:
        one.run("systemctl stop killer 2>/dev/null || true")
    assert result["failed"], result
    assert "/var/lib/dms-ipv6/program.pyz ended without an answer (" in result["msg"]
    undone = (
        "for i in $(seq 600); do test -e /var/lib/dms-ipv6/transaction.json || { echo undone; exit; }; sleep 0.1; done"
    )
    assert one.run(undone) == "undone"
    assert (settings(one), started(one)) == before


def test_a_play_leaves_it_and_uses_it(fresh: Host) -> None:
    """A first run changes with the program that its reading has left; the second needs no module at all."""
    done = play(fresh.name, dms_ipv6_containers=["mail"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert fresh.run(FOLDER).split() == ["program.pyz", "record.json"]
    again = play(fresh.name, dms_ipv6_containers=["mail"], ansible_python_interpreter=NO_MODULE)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "changed=0" in again.stdout
    output("docker", "exec", fresh.container, "rm", PROGRAM)
    failed = play(fresh.name, dms_ipv6_containers=["mail"], ansible_python_interpreter=NO_MODULE)
    assert failed.returncode != 0  # so it was the program indeed
    assert play(fresh.name, dms_ipv6_containers=["mail"]).returncode == 0
    assert fresh.run(FOLDER).split() == ["program.pyz", "record.json"]  # a host that was as wanted got it again
    assert play(fresh.name, "undo").returncode == 0
    assert fresh.run(FOLDER) == "record.json"


def test_a_play_that_leaves_none(bookworm: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor sends one, as where pipelining is off: all is done by modules."""
    monkeypatch.setenv("ANSIBLE_PIPELINING", "false")
    clean(bookworm)
    try:
        done = play(bookworm.name, dms_ipv6_containers=["mail"], dms_ipv6_keep_program=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert bookworm.run(FOLDER) == "record.json"
    finally:
        clean(bookworm)
