# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the results of tasks to what a report says of each host."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import fleet as report_fleet
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import log as report_log
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.log import Event, Log
from ansible_collections.dms.ipv6.tests.unit.plugins.plugin_utils import fleets
from ansible_collections.dms.ipv6.tests.unit.plugins.plugin_utils.fleets import HOSTILE, log, probe, proof, read
from hypothesis import given, settings
from hypothesis import strategies as st

SCHEMA = json.loads((Path(__file__).resolve().parents[5] / "docs" / "report.schema.json").read_text())
# The oldest jsonschema that hosts may have does not know the schema's own draft, which says the same in this one.
VALIDATOR = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)(SCHEMA)


def report(logs: t.Mapping[str, Log], waiting: t.Sequence[str] = ()) -> dict[str, t.Any]:
    made = report_fleet.report(fleets.RUN, logs, waiting)
    VALIDATOR.validate(json.loads(json.dumps(made)))
    return made


def reported(found: Log) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", report({"mail": found})["hosts"][0])


@pytest.mark.parametrize("state", fleets.kinds())
def test_states(state: str) -> None:
    assert reported(fleets.kinds()[state])["state"] == state


def proven(result: str, *probes: dict[str, t.Any], expect: str = "real") -> Event:
    return Event("probe_responder", result=proof(result, *probes, expect=expect))


@pytest.mark.parametrize(
    ("events", "state"),
    [
        # A prediction may say that something is wrong, never that it is well.
        ([read(verdict="real")], "not verified"),
        ([read(verdict="refused", mode="prevent")], "not verified"),
        ([read(verdict="masked")], "masked"),
        ([read(verdict="masked", proof=proof())], "masked"),
        # A proof counts while nothing contradicts it.
        ([read(verdict="real", proof=proof())], "real"),
        ([read(verdict="unknown", proof=proof())], "real"),
        ([read(verdict="timeout", proof=proof())], "not verified"),
        ([read(verdict="refused", proof=proof())], "not verified"),
        ([read(verdict="real", proof=proof(expect="refused"))], "not verified"),
        ([read(verdict="real", proof=proof("not verified"))], "not verified"),
        ([read(verdict="real", proof=proof("failed", probe("masked")))], "not verified"),
        # What was seen in this run comes before what is expected.
        ([read(), proven("failed", probe("masked"))], "masked"),
        ([read(), proven("failed", probe("timeout"))], "failed"),
        ([read(), proven("passed")], "real"),
        ([read(verdict="refused"), proven("passed", expect="refused")], "refused"),
        ([read(), proven("passed"), proven("not verified")], "not verified"),
        # The containers that are named count, or all.
        ([read(containers=[fleets.container("mail", "real"), fleets.container("web", "masked")])], "not verified"),
        ([read(named=[], containers=[fleets.container("mail", "real"), fleets.container("web", "masked")])], "masked"),
        ([read(named=["gone"], containers=[fleets.container("web", "masked")])], "masked"),
    ],
)
def test_judgement(events: list[Event], state: str) -> None:
    assert reported(log(*events))["state"] == state


def test_before_and_after() -> None:
    host = reported(fleets.enabled())
    assert (host["changed"], host["restarted"], host["rolled_back"]) == (True, True, False)
    assert host["outage"] == 0.81  # of two modules
    assert len(host["steps"]) == 3
    first = host["containers"][0]["ports"][0]
    assert (first["before"]["ipv6"]["verdict"], first["after"]["ipv6"]["verdict"]) == ("masked", "real")
    assert first["before"]["ipv6"]["cause"] == "the container has no IPv6 address"
    assert [one["probe_host"] for one in host["proof"]["probes"]] == ["client1", "client1"]
    assert host["proof"]["this_run"] is True


def test_the_outage_of_a_change_that_failed_is_not_known() -> None:
    assert reported(fleets.rolled_back())["outage"] is None
    assert reported(log(read()))["outage"] == 0


@pytest.mark.parametrize("outage", ["1", -1, float("nan"), float("inf"), True, None, [1]])
def test_an_outage_that_is_none(outage: t.Any) -> None:
    done = Event("docker_daemon_config", result={**fleets.DAEMON, "outage": outage})
    assert reported(log(read(), done))["outage"] == 0


def test_nothing_is_closed_in_check_mode() -> None:
    assert reported(log(read(), Event("docker_daemon_config", result=fleets.DAEMON, dry=True)))["outage"] == 0


def test_the_after_of_a_change_is_unknown_until_it_is_looked_at() -> None:
    for found in (log(*fleets.changing()), fleets.rolled_back()):
        assert reported(found)["containers"][0]["ports"][0]["after"] is None
    same = reported(log(read()))["containers"][0]["ports"][0]
    assert same["before"] == same["after"]


def test_a_second_look_before_the_change_is_no_after() -> None:
    again = (read(verdict="masked"), read(verdict="masked"))
    assert reported(log(*again, *fleets.changing()[1:]))["containers"][0]["ports"][0]["after"] is None


@pytest.mark.parametrize("looked", [True, False])
def test_a_change_that_reads_the_host_itself(looked: bool) -> None:
    done = Event("docker_ipv6", result={**fleets.info("real"), **fleets.DAEMON, "transaction": "t1"})
    found = log(*([read(verdict="masked")] if looked else []), done)
    assert (found.armed, log(done, fleets.transaction("confirmed")).armed) == (True, False)
    host = reported(found)
    assert (host["changed"], host["restarted"], host["steps"]) == (True, True, fleets.DAEMON["steps"])
    if not looked:  # how it was before is not known then
        assert host["containers"] == []
        return
    port = host["containers"][0]["ports"][0]
    assert (port["before"]["ipv6"]["verdict"], port["after"]["ipv6"]["verdict"]) == ("masked", "real")


def test_a_change_that_failed_and_is_back() -> None:
    bad = Event("docker_ipv6", "failed", {"failed": True, "rolled_back": True, "msg": "x"})
    host = reported(log(read(verdict="masked"), bad))
    assert (host["state"], host["rolled_back"]) == ("rolled back", True)


def test_a_change_in_check_mode() -> None:
    would = Event("docker_ipv6", result={**fleets.info("masked"), **fleets.DAEMON}, dry=True)
    host = reported(log(would))
    assert (host["changed"], host["containers"][0]["ports"][0]["after"] is not None) == (True, True)


def test_rolled_back() -> None:
    host = reported(fleets.rolled_back())
    assert (host["changed"], host["rolled_back"]) == (False, True)
    assert "invalid IPv6 subnet" in host["error"]


@pytest.mark.parametrize("outcome", ["failed", "ok"])
def test_a_way_back_that_failed_is_no_way_back(outcome: str) -> None:
    """The role lets it pass as no failure, and tells of it after what went wrong first."""
    half = fleets.transaction("reverted", outcome, msg="not everything could be put back")
    bad = Event("docker_daemon_config", "failed", {"failed": True, "rolled_back": True, "msg": "x"}, caught=True)
    end = Event("", "failed", {"failed": True, "msg": "mail: x not everything could be put back"})
    host = reported(log(*fleets.changing(), bad, half, end))
    assert (host["state"], host["rolled_back"]) == ("failed", False)
    assert "not everything could be put back" in host["error"]


def test_cut_off_in_the_middle() -> None:
    away = Event("host_transaction", "unreachable", {"unreachable": True, "msg": "timed out"})
    host = reported(log(*fleets.changing()[:4], away))
    assert host["state"] == "unreachable"
    assert "takes back by itself" in host["why"]
    assert "by itself" not in reported(fleets.unreachable())["why"]


@pytest.mark.parametrize(
    ("away", "after", "state"),
    [
        ("docker_ipv6", [], "unreachable"),
        ("host_transaction", [("unreachable", {"unreachable": True, "msg": "timed out"})], "unreachable"),
        ("host_transaction", [("ok", {"changed": True, "failed_steps": []})], "rolled back"),
        # Nothing was armed any more: it may have been confirmed, and only the answer lost.
        ("host_transaction", [("ok", {"changed": False, "failed_steps": []})], "failed"),
        ("host_transaction", [("failed", {"failed": True, "msg": "not everything could be put back"})], "failed"),
    ],
)
def test_a_host_that_the_role_says_was_lost(away: str, after: list[tuple[str, dict[str, t.Any]]], state: str) -> None:
    """The role has the unreachable task pass, tries the way back, and fails with what it knows."""
    lost = Event(away, "unreachable", {"unreachable": True, "msg": "timed out"}, caught=True)
    back = [replace(fleets.transaction("reverted", outcome, **result), caught=True) for outcome, result in after]
    end = Event("", "failed", {"failed": True, "msg": "mail: no answer came from it (timed out)."})
    host = reported(log(read(verdict="masked"), lost, *back, end))
    assert (host["state"], host["rolled_back"]) == (state, state == "rolled back")
    assert host["error"] == "mail: no answer came from it (timed out)."


def test_check_mode() -> None:
    would = [Event("docker_daemon_config", result=fleets.DAEMON, dry=True)]
    host = reported(log(Event("docker_ipv6_info", result=fleets.info("masked"), dry=True), *would))
    assert (host["check_mode"], host["changed"], host["restarted"]) == (True, True, True)
    assert host["containers"][0]["ports"][0]["after"] is not None
    assert report({"mail": log(*would)})["check_mode"] is True


def test_a_probe_host_that_died_is_a_remark() -> None:
    results = [{"unreachable": True, "msg": "No route to host", "item": ["client2", ["ipv6", 1]]}]
    died = Event("remote_ip_probe", "unreachable", {"results": results}, caught=True, delegate="client2")
    silent = {"family": "", "verdict": "", "msg": "No route to host"}
    made = report({"mail": log(read(), died, proven("not verified", silent))})
    assert made["hosts"][0]["state"] == "not verified"
    assert made["hosts"][0]["proof"]["probes"][0]["probe_host"] == "client2"
    assert made["remarks"] == [
        {"host": "mail", "text": "client2, which was to help, cannot be reached: No route to host"}
    ]


def test_a_host_that_stops_the_run_does_not_spoil_good_hosts() -> None:
    stop = {"failed": True, "msg": "The roll-out stops: mail2 was rolled back"}
    for event in (Event("", "failed", stop, ours=False), Event("", "failed", stop, whole_play=True)):
        made = report({"mail": log(read(proof=proof()), event)})
        assert made["hosts"][0]["state"] == "real"
        assert made["remarks"] == [{"host": "mail", "text": stop["msg"]}]


def test_what_failed_before_our_first_look_is_the_hosts() -> None:
    early = Event("", "failed", {"failed": True, "msg": "no sudo"}, ours=False)
    host = reported(log(early))
    assert (host["state"], host["error"]) == ("failed", "no sudo")


def test_a_host_that_only_stops_the_run_is_not_in_it() -> None:
    made = report({"probe": log(Event("", "failed", {"failed": True, "msg": "stop"}, ours=False, whole_play=True))})
    assert (made["hosts"], made["remarks"]) == ([], [{"host": "probe", "text": "stop"}])


def test_others_are_not_in_it_and_those_not_reached_are() -> None:
    made = report({"mail": log(read()), "other": Log()}, ["mail", "late"])
    assert [(one["name"], one["state"]) for one in made["hosts"]] == [("mail", "not verified"), ("late", "not reached")]
    assert made["totals"]["not reached"] == 1


def test_who_needs_you_comes_first() -> None:
    made = report(fleets.kinds())
    states = [one["state"] for one in made["hosts"]]
    assert states == [one for one in report_fleet.STATES if one in states]
    assert sum(made["totals"].values()) == len(states) == 7


def test_findings_of_dns_are_the_hosts() -> None:
    found = {"id": "ptr_missing", "severity": "warning", "evidence": "no PTR", "remedy": "Add one"}
    dns = Event("mail_dns_info", result={"findings": [found]}, delegate="localhost")
    host = reported(log(read(verdict="masked"), dns))
    assert [one["id"] for one in host["findings"]] == ["masked", "ptr_missing"]


def test_loops_count_each_item() -> None:
    items = {"changed": True, "results": [{"changed": True, "steps": ["a"]}, {"changed": False, "steps": ["b"]}]}
    assert reported(log(read(), Event("compose_network", result=items)))["steps"] == ["a"]


def test_hostile_words_stay_words() -> None:
    host = report({HOSTILE: fleets.failed(HOSTILE)})["hosts"][0]
    assert "\\u202e" in host["name"] and "\x1b" not in host["error"] and "\\u0000" in host["error"]
    assert "<script>" in host["error"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=8,
)
KEYS = ("engine", "networks", "containers", "findings", "plan", "proof", "reverted", "results", "probes")
INNER = ("name", "exposure", "direct", "family", "verdict", "subnets", "ipv6", "containers", "mode", "state", "result")
DEEP = st.dictionaries(st.sampled_from(INNER), JSON | st.just("ipv6"), max_size=5)
RESULTS = st.dictionaries(st.sampled_from(KEYS), JSON | DEEP | st.lists(DEEP, max_size=3), max_size=6)
NAMES = st.sampled_from(["", *report_log.CHANGE_NOTHING, "docker_daemon_config"])
EVENTS = st.builds(
    Event,
    NAMES,
    st.sampled_from(["ok", "failed", "unreachable"]),
    RESULTS,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "client"]),
    DEEP,
)


@settings(max_examples=300)
@given(st.lists(EVENTS, max_size=5))
def test_whatever_hosts_answer_there_is_a_report(events: list[Event]) -> None:
    report({"mail": log(*events)})
