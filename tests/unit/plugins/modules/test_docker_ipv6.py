# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_ipv6: all of a mode or nothing, with the modules that it consists of left out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.modules import (
    docker_daemon_config,
    docker_ipv6_full_info,
    docker_ipv6_network,
    gai_conf,
)
from ansible_collections.dms.ipv6.plugins.module_utils.modules import docker_ipv6 as module_docker_ipv6
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import revert as rollback_revert
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.modules import docker_ipv6
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import Arming, failure, run

STEPS = ["restart docker", "create network dms-ipv6"]
PLAN: dict[str, t.Any] = {
    "config": {"ip6tables": True},
    "compose": [],
    "network": "dms-ipv6",
    "containers": ["mail"],
    "firewall": {},
    "ndp": [],
    "gai_conf": {},
}


class Lab(Arming):
    """What the host's plans say one after the other, what its modules were given, and which of them fails."""

    def __init__(self) -> None:
        self.left: list[list[str]] = [STEPS, []]
        self.plan = PLAN
        self.ports: list[list[t.Any]] = []
        self.asked: list[tuple[str, bool, dict[str, t.Any]]] = []
        self.failing: dict[str, BaseException] = {}
        self.lost: list[str] = []
        self.back: list[str] = []

    def info(self, params: dict[str, t.Any]) -> dict[str, t.Any]:
        assert (params["mail"], params["names"]) == (False, [])
        steps, ports = self.left.pop(0), self.ports.pop(0) if self.ports else []
        plan = {**self.plan, "changed": bool(steps), "steps": steps, "ports": ports}
        return {"changed": False, "plan": plan, "summary": "said"}

    def module(self, name: str, **more: t.Any) -> t.Callable[[dict[str, t.Any], bool], dict[str, t.Any]]:
        def code(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
            self.asked.append((name, dry, params))
            if name in self.failing:
                raise self.failing[name]
            return {"changed": True, "steps": [f"do {name}"], "warnings": [f"mind {name}"], **more}

        return code

    def arm(self, within: float) -> str:
        if self.armed:
            raise Refused("another run's change waits to be confirmed")
        self.armed = transaction.Transaction("run", armed_transaction.boot_id(), 1e12, within)
        return "run"

    def revert(self, reason: str) -> rollback_revert.Outcome:
        self.back.append(reason)
        self.armed = self.armed if self.lost else None
        return rollback_revert.Outcome(self.lost, [])


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: t.Any) -> Lab:
    found = Lab()
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(docker_ipv6_full_info, "read", found.info)
    daemon = found.module("daemon", outage=0.61, restarted=True, reloaded=False, diff={"before": "a", "after": "b"})
    monkeypatch.setattr(docker_daemon_config, "run", daemon)
    monkeypatch.setattr(docker_ipv6_network, "run", found.module("network", outage=0.2, diff=[{"before": "c"}]))
    monkeypatch.setattr(gai_conf, "run", found.module("gai_conf", diff=None, effect="IPv6 first"))
    monkeypatch.setattr(rollback_revert, "arm", found.arm)
    monkeypatch.setattr(rollback_revert, "refuse_unable", lambda: None)
    monkeypatch.setattr(rollback_revert, "revert", found.revert)
    monkeypatch.setattr(rollback_revert, "start_now", lambda: found.back.append("by itself"))
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    return found


def test_nothing_to_change(lab: Lab) -> None:
    lab.left = [[]]
    result = run(docker_ipv6, mode="nat", confirm_within=60)
    assert (result["changed"], result["steps"], result["summary"], result["rolled_back"]) == (False, [], "said", False)
    assert (lab.asked, lab.armed, "transaction" in result) == ([], None, False)


@pytest.mark.parametrize("check", [True, False])
def test_a_host_without_a_way_back_is_refused_before_anything_else(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    def refuse() -> t.NoReturn:
        raise Refused("there is no systemctl on this host")

    monkeypatch.setattr(rollback_revert, "refuse_unable", refuse)
    assert "there is no systemctl" in failure(docker_ipv6, mode="nat", confirm_within=60, check=check)
    assert (lab.asked, lab.armed) == ([], None)


def test_all_of_it_in_order_and_read_again(lab: Lab) -> None:
    result = run(docker_ipv6, mode="nat", confirm_within=60, allow_engine_upgrade=True, allow_forward_drop=True)
    assert [(name, dry) for name, dry, _params in lab.asked] == [("daemon", False), ("network", False)]
    assert lab.armed and (lab.armed.id, lab.armed.within) == (result["transaction"], 60)
    assert {params["transaction"] for _name, _dry, params in lab.asked} == {lab.armed.id}
    assert (result["changed"], result["steps"]) == (True, ["do daemon", "do network"])
    assert (result["restarted"], result["reloaded"], result["effect"]) == (True, False, "")
    assert result["outage"] == 0.81
    assert result["diff"] == [{"before": "a", "after": "b"}, {"before": "c"}]
    assert "mind daemon" in result["warned"]
    assert (result["plan"]["changed"], result["plan"]["steps"]) == (False, [])
    daemon = lab.asked[0][2]
    # What is not given has the module's own default.
    assert (daemon["config"], daemon["apply"], daemon["state"]) == ({"ip6tables": True}, "auto", "present")
    assert daemon["allow_engine_upgrade"] and daemon["allow_forward_drop"]


@pytest.mark.parametrize("patience", [30.0, -1.0])
def test_services_that_listen_late_are_waited_for(lab: Lab, monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    """Else the proof would leave them out, because a port without an answer is not probed."""
    monkeypatch.setattr(module_docker_ipv6, "PATIENCE", patience)
    monkeypatch.setattr(module_docker_ipv6, "BETWEEN_LOOKS", 0)
    smtp, imap = ["ipv6", 25], ["ipv6", 993]
    lab.left = [STEPS, [], [], []]
    lab.ports = [[smtp, imap], [], [imap], [imap, smtp]]
    result = run(docker_ipv6, mode="nat")
    assert result["plan"]["ports"] == ([imap, smtp] if patience > 0 else [])


def test_gai_conf(lab: Lab) -> None:
    lab.plan = {**PLAN, "gai_conf": {"prefixes": ["fd00::/64"], "precedence": False}}
    assert run(docker_ipv6, mode="nat", gai_conf=True, gai_conf_name="example.org")["effect"] == "IPv6 first"
    assert lab.asked[-1][2]["name"] == "example.org"


def test_check_mode_changes_nothing(lab: Lab) -> None:
    result = run(docker_ipv6, mode="nat", confirm_within=60, confirm_reach="192.0.2.1:25", check=True)
    assert (result["changed"], result["plan"]["steps"]) == (True, STEPS)
    assert [dry for _name, dry, _params in lab.asked] == [True, True]
    assert (lab.armed, "transaction" in result) == (None, False)


def test_a_part_that_fails_takes_everything_back(lab: Lab) -> None:
    lab.failing = {"network": Refused("no address is left", "dms-ipv6")}
    result = run(docker_ipv6, mode="nat", confirm_within=60)
    words = "dms-ipv6: no address is left. Everything is as it was before this run."
    assert (result["failed"], result["rolled_back"], result["msg"]) == (True, True, words)
    assert (lab.back, lab.armed) == (["dms-ipv6: no address is left."], None)


def test_a_part_that_fails_without_a_transaction(lab: Lab) -> None:
    lab.failing = {"network": Refused("no address is left", "dms-ipv6")}
    result = run(docker_ipv6, mode="nat")
    assert (result["rolled_back"], result["msg"]) == (False, "dms-ipv6: no address is left.")
    assert lab.back == []


def test_a_way_back_that_fails(lab: Lab) -> None:
    lab.failing = {"network": Refused("no address is left", "dms-ipv6")}
    lab.lost = ["docker does not start."]
    result = run(docker_ipv6, mode="nat", confirm_within=60)
    assert result["rolled_back"] is False
    assert "Not everything could be put back: docker does not start. The host tries it again." in result["msg"]
    assert lab.back[-1] == "by itself"


def test_its_time_was_over(lab: Lab) -> None:
    """The host has taken everything back in the meantime, and another run is at it now."""

    def late(_params: dict[str, t.Any], _dry: bool) -> t.NoReturn:
        lab.armed = transaction.Transaction("other", armed_transaction.boot_id(), 1e12, 60)
        raise Refused("the change was not confirmed in time and has been undone")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docker_ipv6_network, "run", late)
        result = run(docker_ipv6, mode="nat", confirm_within=60)
    assert (result["failed"], lab.back) == (True, [])
    assert lab.armed and lab.armed.id == "other"


def test_another_run_is_at_it(lab: Lab) -> None:
    lab.armed = transaction.Transaction("other", armed_transaction.boot_id(), 1e12, 60)
    words = "another run's change waits to be confirmed, and is undone in "
    assert words in failure(docker_ipv6, mode="nat", confirm_within=60)
    assert (lab.asked, lab.back) == ([], [])


def test_what_is_left_to_change_is_a_failure(lab: Lab) -> None:
    lab.left = [STEPS, ["create network dms-ipv6"]]
    words = "still to change: create network dms-ipv6. Everything is as it was before this run."
    assert failure(docker_ipv6, mode="nat", confirm_within=60) == words


def test_a_crash_takes_everything_back(lab: Lab) -> None:
    lab.failing = {"network": KeyError("oops")}
    with pytest.raises(Refused, match=r"KeyError: 'oops'. Everything is as it was before this run"):
        module_docker_ipv6.run({**defaults(), "mode": "nat", "confirm_within": 60}, False)
    assert (lab.back, lab.armed) == (["Unexpected error: KeyError: 'oops'."], None)


def defaults() -> dict[str, t.Any]:
    return {name: option.get("default") for name, option in module_docker_ipv6.SPEC.items()}
