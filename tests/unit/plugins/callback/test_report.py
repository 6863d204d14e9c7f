# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback in real runs."""

from __future__ import annotations

import json
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.callback import report as callback
from ansible_collections.dms.ipv6.tests.unit.plugins.callback.stage import DOWN, run

ROLE = {"name": "the role", "ansible.builtin.include_role": {"name": "dms.ipv6.dms_ipv6"}}
READ = {"name": "look", "dms.ipv6.docker_ipv6_info": {"docker_socket": "/nonexistent/docker.sock"}}
PROBED: dict[str, t.Any] = {"dms_ipv6_probe_hosts": ["client1"], "dms_ipv6_probe_families": ["ipv6"]}


def play(*tasks: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {"hosts": "docker", "gather_facts": False, "tasks": list(tasks), **more}


def test_all_down(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": DOWN, "mail2": DOWN}, "dms.ipv6.enable", acted=False)
    assert done.code == 4, done.said
    assert done.states == {"mail1": "unreachable", "mail2": "unreachable"}
    errors = [one["error"] for one in done.report["hosts"]]
    # ssh's own reason, or Ansible's where ssh was gone before it had been sent the module.
    reasons = ("Connection refused", "Data could not be sent to remote host")
    assert all("127.0.0.1" in one and any(words in one for words in reasons) for one in errors), errors
    page = done.folder / "report.html"
    assert "mail1" in page.read_text()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (done.folder, page)] == [0o700, 0o600]
    assert sorted(one.name for one in done.folder.iterdir()) == ["report.html", "report.json"]


def test_limit(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": DOWN, "mail2": DOWN}, "dms.ipv6.enable", "--limit", "mail2", acted=False)
    assert done.states == {"mail2": "unreachable"}


def test_a_host_without_docker(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": {}, "mail2": DOWN}, [play(READ)], acted=False)
    assert done.states == {"mail1": "failed", "mail2": "unreachable"}
    assert "/nonexistent/docker.sock" in done.report["hosts"][0]["error"]


def test_from_masked_to_real_rolled_back_and_away(tmp_path: Path) -> None:
    hosts = {"mail1": {"dms_ipv6_network": "well"}, "mail2": {"dms_ipv6_network": "bad"}, "mail3": DOWN}
    done = run(tmp_path, hosts, "dms.ipv6.enable", variables=PROBED)
    assert done.code != 0
    assert done.states == {"mail1": "real", "mail2": "rolled back", "mail3": "unreachable"}, done.said
    host = next(one for one in done.report["hosts"] if one["name"] == "mail1")
    assert (host["changed"], host["restarted"], host["steps"]) == (True, True, ["turn it"])
    port = host["containers"][0]["ports"][0]
    assert (port["before"]["ipv6"]["verdict"], port["after"]["ipv6"]["verdict"]) == ("masked", "real")
    assert host["proof"]["probes"][0]["probe_host"] == "client1"
    bad = next(one for one in done.report["hosts"] if one["name"] == "mail2")
    assert "dockerd does not come back" in bad["error"] and not bad["changed"]
    assert done.report["playbook"] == "enable.yml"


MODES = [("dms.ipv6.audit", "audit", []), ("dms.ipv6.enable", "nat", ["--check"]), ("own", "audit", [])]


@pytest.mark.parametrize(("playbook", "mode", "check"), MODES)
def test_the_modes_are_those_that_were_asked_for(tmp_path: Path, playbook: str, mode: str, check: list[str]) -> None:
    """A result does not say the mode in every ansible-core, and would be the host's own word."""
    look = play({"name": "look", "dms.ipv6.docker_ipv6_info": {}})
    done = run(tmp_path, {"mail1": {}}, [look] if playbook == "own" else playbook, *check)
    assert [one["mode"] for one in done.report["hosts"]] == [mode], done.said
    assert done.report["check_mode"] is bool(check)


def test_a_probe_host_that_is_away(tmp_path: Path) -> None:
    hosts = {"mail1": {"dms_ipv6_network": "well"}}
    away = {"name": "away", "ansible.builtin.add_host": {"name": "client2", **DOWN}}
    done = run(tmp_path, hosts, [play(away, ROLE)], variables={**PROBED, "dms_ipv6_probe_hosts": ["client2"]})
    assert done.states == {"mail1": "not verified"}, done.said
    assert "client2, which was to help, cannot be reached" in done.report["remarks"][0]["text"]


def test_a_batch_that_is_finished_and_then_stopped(tmp_path: Path) -> None:
    """A rescue around the role keeps the batch going; the host has failed all the same, and the others have not."""
    stories = {"mail1": "bad", "mail2": "strange", "mail3": "well", "mail4": "later"}
    hosts = {name: {"dms_ipv6_network": story} for name, story in stories.items()}
    finished = {"block": [ROLE], "rescue": [{"name": "note", "ansible.builtin.debug": {"msg": "go on"}}]}
    stop = {"name": "stop", "run_once": True, "any_errors_fatal": True}
    stopping = {**stop, "ansible.builtin.fail": {"msg": "The roll-out stops: mail1"}}
    done = run(tmp_path, hosts, [play(finished, stopping, serial=3)], variables=PROBED)
    states = {"mail1": "rolled back", "mail2": "failed", "mail3": "real", "mail4": "not reached"}
    assert done.states == states, done.said
    assert done.report["hosts"][0]["error"] == "this engine is refused"
    assert [one["text"] for one in done.report["remarks"]] == ["The roll-out stops: mail1"]


def test_a_failure_that_the_role_deals_with_is_none(tmp_path: Path) -> None:
    names = {"dms_ipv6_fqdns": ["mail.example.com"], "dms_ipv6_dns_host": "client1"}
    hosts = {"mail1": {"dms_ipv6_network": "well"}}
    done = run(tmp_path, hosts, "dms.ipv6.enable", variables={**PROBED, **names})
    assert "no resolver answers" in done.said
    assert done.states == {"mail1": "real"}
    assert done.report["hosts"][0]["error"] == ""
    assert done.report["remarks"] == [{"host": "mail1", "text": "no resolver answers"}]


def test_a_failure_that_ones_own_playbook_deals_with_is_none(tmp_path: Path) -> None:
    dealt = {"block": [{"block": [READ]}], "rescue": [{"name": "note", "ansible.builtin.debug": {"msg": "go on"}}]}
    again = {**READ, "ignore_errors": True}
    done = run(tmp_path, {"mail1": {}}, [play(dealt, again)], acted=False)
    assert done.code == 0, done.said
    assert done.states == {"mail1": "not verified"}


def test_hosts_that_end_before_our_first_task(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": {}, "mail2": DOWN}, [play(ROLE, gather_facts=True, strategy="free")], acted=True)
    assert done.states["mail2"] == "unreachable", done.said


def test_plays_of_others_leave_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": {}, "mail2": DOWN}, [play({"name": "x", "ansible.builtin.command": "false"})])
    assert not done.folder.exists()
    assert "dms.ipv6.report" not in done.said


def test_what_others_do_to_hosts_is_not_reported(tmp_path: Path) -> None:
    other = play({"name": "x", "ansible.builtin.command": "false", "ignore_errors": True})
    done = run(tmp_path, {"mail1": {}, "mail2": {}}, [other, play(READ, hosts="mail1")], acted=False)
    assert done.states == {"mail1": "failed"}


@pytest.mark.parametrize("way", ["inventory", "extra", "environment", "ini"])
def test_where_it_goes(tmp_path: Path, way: str) -> None:
    hosts, there = {"mail1": DOWN}, tmp_path / "reports" / "docker"
    templated = f"{tmp_path}/reports/{{{{ group_names[0] }}}}"
    (tmp_path / "ansible.cfg").write_text(
        f"[callback_dms_ipv6_report]\nreport_path = {there}\n" if way == "ini" else ""
    )
    environment = {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
    if way != "ini":
        environment["DMS_IPV6_REPORT_PATH"] = str(there if way == "environment" else tmp_path / "not this")
    arguments = ["-e", f"dms_ipv6_report_path={there}"] if way == "extra" else []
    variables = {"dms_ipv6_report_path": templated} if way == "inventory" else {}
    done = run(
        tmp_path, hosts, "dms.ipv6.enable", *arguments, acted=False, environment=environment, variables=variables
    )
    assert (there / "report.html").is_file(), done.said
    assert not (tmp_path / "not this").exists()


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = f"{tmp_path}/file/reports"
    done = run(tmp_path, {"mail1": {}, "mail2": DOWN}, [play(READ)], "-e", f"dms_ipv6_report_path={path}", acted=False)
    said = done.said.replace(" ", "")  # ansible-core 2.16 wraps warnings, within words if need be
    for warning in (
        f"will be written to {path}: {tmp_path}/file is not a directory",
        f"not written to {path}: Not a directory",
    ):
        assert warning.replace(" ", "") in said
    assert done.code in (2, 4, 6)
    assert "failed=1" in done.said and "unreachable=1" in done.said


def test_a_mistake_of_ours_is_a_warning() -> None:
    class Broken(callback.CallbackModule):
        said: t.ClassVar[list[str]] = []

        def warn(self, message: str) -> None:
            self.said.append(message)

    plugin = Broken()
    for method in (plugin.v2_runner_on_ok, plugin.v2_runner_on_unreachable, plugin.v2_playbook_on_play_start):
        method(None)
    assert len(plugin.said) == 3
    assert all("the report is not complete, in v2_" in one for one in plugin.said)


def test_hostile_names_of_hosts(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>{{ 7*7 }}"
    done = run(tmp_path, {name: DOWN}, [play(READ)], acted=False)
    assert done.states == {name: "unreachable"}, done.said
    page = (done.folder / "report.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page
    assert json.loads((done.folder / "report.json").read_text())
