# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that others have control of, whatever module asks it: it decides what is said of itself, and nothing else."""

from __future__ import annotations

import copy
import json
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.tests.unit.plugins.callback.stage import Done, run

# The host's Python is its own: it notes each request, and answers as the host likes.
OTHER = """#!/bin/sh
echo "$1 $2" >> @HOME@/asked-mail1
cat @HOME@/answer.json
"""
# Any other host's does as it should, and notes it.
OWN = """#!/bin/sh
echo "$1 $2" >> @HOME@/asked-@NAME@
exec @PYTHON@ "$@"
"""
ESC = "\x1b]0;owned\x07\x1b[31m\u202e\u2066"
WELL: dict[str, t.Any] = {
    "changed": False,
    "summary": "as wanted",
    "engine": {"version": "28.5.2"},
    "containers": [],
    "networks": [],
    "findings": [],
    "table": [],
    "host_addresses": [],
    "addresses": {},
    "plan": {"steps": [], "warnings": [], "subnets": [], "packages": [], "ports": [], "prove_on": ["net"]},
}
TOUCHED = {"client1", "controller", "mail3"}


def steering(tmp_path: Path) -> dict[str, t.Any]:
    """An answer that tells the controller what to do in every way that a result has."""
    proxy = {"ansible_ssh_common_args": f"-o ProxyCommand='touch {tmp_path}/PWNED-proxy'", "ansible_host": "192.0.2.1"}
    facts = {
        "dms_ipv6_report_path": str(tmp_path / "PWNED-report"),
        "dms_ipv6_probe_hosts": ["controller"],
        "dms_ipv6_dns_host": "controller",
        "dms_ipv6_fqdns": ["mail.example.com"],
        "dms_ipv6_mode": "absent",
        "dms_ipv6_allow_same_subnet": True,
        "ansible_connection": "local",
        "ansible_python_interpreter": f"touch {tmp_path}/PWNED-interpreter",
        "__dms_ipv6_surveyed": True,
    }
    return {
        **copy.deepcopy(WELL),
        "add_host": {"host_name": "mail2", "host_vars": proxy, "groups": ["docker"]},
        "add_group": "docker",
        "ansible_facts": facts,
        "_ansible_facts_cacheable": True,
        "_ansible_no_log": False,
        "_ansible_delegated_vars": {"mail2": proxy},
        "_ansible_item_label": "x",
        "ansible_loop_var": "item",
        "inventory_hostname": "mail2",
        "results": [{"ansible_facts": facts, "add_host": {"host_name": "mail2", "host_vars": proxy}}],
    }


def with_text(value: t.Any, text: str) -> t.Any:
    """The value with a text in the place of each, and behind each list."""
    if isinstance(value, dict):
        return {name: with_text(one, text) for name, one in value.items()}
    if isinstance(value, list):
        return [with_text(one, text) for one in value] or [text]
    return text if isinstance(value, str) else value


def changed(**parts: t.Any) -> dict[str, t.Any]:
    """What a host that is well answers, except some parts; those of the plan begin with ``plan_``."""
    answer = copy.deepcopy(WELL)
    for name, value in parts.items():
        place = answer["plan"] if name.startswith("plan_") else answer
        place[name.removeprefix("plan_")] = value
    return answer


def ran(tmp_path: Path, answer: str, playbook: str = "dms.ipv6.enable", **variables: t.Any) -> Done:
    """A playbook over mail1, which answers so, and mail2, which is well."""
    (tmp_path / "answer.json").write_text(answer)
    pythons = {}
    for name, program in {"mail1": OTHER, "mail2": OWN, "client1": OWN, "controller": OWN, "mail3": OWN}.items():
        text = program.replace("@HOME@", str(tmp_path)).replace("@NAME@", name).replace("@PYTHON@", sys.executable)
        path = tmp_path / f"python-{name}"
        path.write_text(text)
        path.chmod(0o755)
        pythons[name] = {"ansible_python_interpreter": str(path)}
    hosts = {"mail1": {**pythons["mail1"], "dms_ipv6_network": "own"}, "mail2": pythons["mail2"]}
    (tmp_path / "well").touch()
    # They are in the inventory, and this run is not about them.
    rest = {"all": {"hosts": {name: pythons[name] for name in sorted(TOUCHED)}}}
    (tmp_path / "rest.json").write_text(json.dumps(rest))
    given = {"dms_ipv6_network": "well", "dms_ipv6_confirm_reach": "198.51.100.1:25", **variables}
    return run(tmp_path, hosts, playbook, "-i", str(tmp_path / "rest.json"), variables=given)


def harmless(tmp_path: Path, done: Done) -> None:
    """Nothing of the controller's or of other hosts' was decided by mail1."""
    assert list(tmp_path.rglob("PWNED*")) == [], done.said
    assert not any((tmp_path / f"asked-{name}").exists() for name in TOUCHED), done.said
    assert "\x1b" not in done.said and "\u202e" not in done.said and "\x07" not in done.said
    assert done.states.keys() == {"mail1", "mail2"}, done.said
    mail2 = next(one for one in done.report["hosts"] if one["name"] == "mail2")
    assert mail2["error"] == "" and mail2["predicted"] == "real", (mail2, done.said)
    assert "mail2 : ok=" in done.said and "Traceback" not in done.said
    assert len((tmp_path / "asked-mail2").read_text().splitlines()) == 1


PLAYBOOKS = ("dms.ipv6.enable", "dms.ipv6.audit", "dms.ipv6.verify")


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_it_steers_nothing(tmp_path: Path, playbook: str) -> None:
    done = ran(tmp_path, json.dumps(steering(tmp_path)), playbook)
    harmless(tmp_path, done)
    assert (tmp_path / "asked-mail1").exists()


@pytest.mark.parametrize("text", ["jinja", "terminal"])
@pytest.mark.parametrize("playbook", ["dms.ipv6.enable", "dms.ipv6.audit"])
def test_its_text_is_text(tmp_path: Path, playbook: str, text: str) -> None:
    said = f"{{{{ lookup('pipe', 'touch {tmp_path}/PWNED') }}}}" if text == "jinja" else f"mail2: {ESC}\nFATAL"
    # What Ansible itself prints is its own: warnings, and of the keys that it takes out.
    steers = {**steering(tmp_path), "warnings": ["x"]} if text == "jinja" else copy.deepcopy(WELL)
    answer = with_text({**steers, "msg": ""}, said)
    answer["plan"]["subnets"] = []
    answer["ansible_facts"] = steering(tmp_path)["ansible_facts"]
    harmless(tmp_path, ran(tmp_path, json.dumps(answer), playbook))


def test_its_error_is_text(tmp_path: Path) -> None:
    """Ansible prints the message of a failed module as it comes; our own modules make theirs printable."""
    answer = {"failed": True, "msg": f"no {{{{ lookup('pipe', 'touch {tmp_path}/PWNED') }}}}", "changed": False}
    done = ran(tmp_path, json.dumps(answer))
    harmless(tmp_path, done)
    assert done.states["mail1"] == "failed"


STRANGE: dict[str, t.Any] = {
    "a plan that is text": changed(plan="steps"),
    "steps that are a dictionary": changed(plan_steps={"x": 1}),
    "a summary that is a list": changed(summary=["x"]),
    "ports that are text": changed(plan_ports="x", plan_steps=["turn it"]),
    "subnets that are none": changed(plan_subnets=["fe80::1%eth0", "x"]),
    "subnets that are numbers": changed(plan_subnets=[5], plan_steps=["turn it"]),
    "no warnings": {**WELL, "plan": {"steps": ["turn it"], "subnets": []}},
    "a list": [WELL],
    "nothing at all": {},
    "deep": json.dumps(WELL)[:-1] + ', "more": ' + "[" * 200 + "]" * 200 + "}",
    "deeper": json.dumps(WELL)[:-1] + ', "more": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "megabytes": json.dumps({**WELL, "summary": "x" * 34_000_000}),
    "no JSON": f"Segmentation fault {ESC}",
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_answer_fails_that_host_in_one_line(tmp_path: Path, name: str) -> None:
    answer = STRANGE[name]
    done = ran(tmp_path, answer if isinstance(answer, str) else json.dumps(answer))
    harmless(tmp_path, done)
    assert done.states["mail1"] == "failed", done.said
    assert done.code == 2
    assert len(done.said) < 20_000


def test_facts_that_the_host_had_before(tmp_path: Path) -> None:
    """Of a play of the user's own: other modules let facts through, and those count for more than the inventory's."""
    facts = {"hosts": "docker", "gather_facts": True, "tasks": []}
    ours = {"ansible.builtin.import_playbook": "dms.ipv6.enable"}
    (tmp_path / "own.yml").write_text(json.dumps([{"name": "Facts", **facts}, ours]))
    answer = steering(tmp_path)
    done = ran(tmp_path, json.dumps(answer), str(tmp_path / "own.yml"))
    assert list(tmp_path.rglob("PWNED*")) == [], done.said
    assert not any((tmp_path / f"asked-{name}").exists() for name in TOUCHED), done.said
    assert done.states == {"mail1": "failed", "mail2": "not verified"}, done.said
    assert "facts of this host set" in done.said
    assert done.folder == tmp_path / "dms-ipv6-report"


def test_a_probe_host_decides_nothing_about_the_host(tmp_path: Path) -> None:
    """Facts of a task that is delegated become those of the host that it was for."""
    answer = {"verdict": "real", "family": "ipv6", "port": 1, "msg": ESC, "ansible_facts": {"dms_ipv6_mode": "absent"}}
    (tmp_path / "mail9").touch()
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    python = tmp_path / "python-mail1"
    python.write_text(OTHER.replace("@HOME@", str(tmp_path)))
    python.chmod(0o755)
    given = {"dms_ipv6_probe_hosts": ["evil"], "dms_ipv6_probe_families": ["ipv6"], "dms_ipv6_network": "mail9"}
    rest = {"all": {"hosts": {"evil": {"ansible_python_interpreter": str(python)}}}}
    (tmp_path / "rest.json").write_text(json.dumps(rest))
    done = run(tmp_path, {"mail2": {}}, "dms.ipv6.verify", "-i", str(tmp_path / "rest.json"), variables=given)
    assert "facts of this host" not in done.said and "\x1b" not in done.said
    assert (done.code, done.report["hosts"][0]["error"]) == (0, ""), done.said


def test_a_host_that_needs_more_is_asked_once_more(tmp_path: Path) -> None:
    """The small module says so of a host for which it brings too little. What the large one says counts."""
    done = ran(tmp_path, json.dumps({"changed": False, "incomplete": True}))
    assert (tmp_path / "asked-mail1").read_text().count("\n") == 2
    harmless(tmp_path, done)
