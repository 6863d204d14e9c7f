# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role says, with actors in the place of its modules."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.tests.unit.plugins.callback.stage import Done, run

# A connection that is lost before a module is carried out, the first times.
LOSSY = '''
DOCUMENTATION = """
name: lossy
short_description: Loses what a test wants lost
description: [Loses what a test wants lost.]
author: [dms.ipv6 contributors]
"""
import os
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

class Connection(Local):
    transport = "lossy"
    has_pipelining = False

    def put_file(self, in_path, out_path):
        module, times, counter = os.environ["LOSES"].split(":")
        if os.path.basename(out_path) in (f"AnsiballZ_{module}.py", f"{module}.py"):
            with open(counter, "a+") as file:
                file.write(".")
                file.seek(0)
                if len(file.read()) <= int(times):
                    raise AnsibleConnectionFailure("the line is dead")
        super().put_file(in_path, out_path)
'''
UNCONFIRMED = "unconfirmed: over a local connection it is not seen"
UNDONE = "What was not confirmed there is undone by the host itself."
BACK = "Everything is as it was before this run."


@pytest.mark.parametrize(("reach", "said"), [("", True), ("198.51.100.1:25", False)])
def test_a_local_connection_confirms_nothing(tmp_path: Path, reach: str, said: bool) -> None:
    done = run(tmp_path, {"mail1": {"dms_ipv6_network": "well", "dms_ipv6_confirm_reach": reach}}, "dms.ipv6.enable")
    assert done.code == 0, done.said
    assert (UNCONFIRMED in done.said) is said, done.said


def test_what_else_there_is_to_know(tmp_path: Path) -> None:
    given = {"dms_ipv6_network": "well", "dms_ipv6_gai_conf_name": "no effect at all"}
    done = run(tmp_path, {"mail1": given, "mail2": {}}, "dms.ipv6.enable")
    first, _batch, second = done.said.partition("Batch: mail2.")
    assert "mail1: no effect at all mail1: done." in first, done.said
    assert "mail2: done." in second, done.said


@pytest.mark.parametrize("playbook", ["own", "dms.ipv6.enable"])
def test_what_has_to_change_is_shown_before(tmp_path: Path, playbook: str) -> None:
    role = {"name": "r", "ansible.builtin.import_role": {"name": "dms.ipv6.dms_ipv6"}}
    own = [{"hosts": "docker", "gather_facts": False, "tasks": [role]}]
    done = run(tmp_path, {"mail1": {}}, own if playbook == "own" else playbook, "-v")
    before, change, _after = done.said.partition("TASK [dms.ipv6.dms_ipv6 : Restart Docker safely")
    assert change and "1. turn it" in before and "Please note: it takes a while." in before, done.said


def losing(tmp_path: Path, what: str, **variables: t.Any) -> Done:
    """A run over two hosts, one at a time, that loses the first one's modules of a name that many times."""
    (tmp_path / "lossy").mkdir()
    (tmp_path / "lossy" / "lossy.py").write_text(LOSSY)
    environment = {"ANSIBLE_CONNECTION_PLUGINS": str(tmp_path / "lossy"), "LOSES": f"{what}:{tmp_path}/counter"}
    given = {"dms_ipv6_serial": 1, **variables}
    hosts = {
        "mail1": {"dms_ipv6_network": "one", "ansible_connection": "lossy"},
        "mail2": {"dms_ipv6_network": "other"},
    }
    return run(tmp_path, hosts, "dms.ipv6.enable", environment=environment, variables=given)


@pytest.mark.parametrize("what", ["docker_ipv6:1", "host_transaction_confirm:9"])
def test_a_host_that_is_lost_stops_the_roll_out(tmp_path: Path, what: str) -> None:
    """Alone in its batch as it is: without our saying so, Ansible would end without a word."""
    done = losing(tmp_path, what, dms_ipv6_confirm_within=4)
    assert done.code == 2, done.said
    lost = r"The roll-out stops\. mail1: no answer came from it \((Task failed: )?the line is dead\)\."
    rest = re.escape(f" {UNDONE} As wanted: none. Not touched: mail2.")
    assert re.search(lost + rest, done.said), done.said
    assert done.states == {"mail1": "failed", "mail2": "masked"}
    assert not (tmp_path / "other").exists()


def test_a_host_that_is_lost_and_does_not_undo_it(tmp_path: Path) -> None:
    done = losing(tmp_path, "docker_ipv6:1", dms_ipv6_confirm_within=0)
    assert "With confirm_within 0, what was changed there stays. As wanted: none." in done.said, done.said


def test_a_host_that_comes_back_in_time_is_confirmed(tmp_path: Path) -> None:
    """A default route or a neighbour may take a moment after a change."""
    done = losing(tmp_path, "host_transaction_confirm:1", dms_ipv6_confirm_within=60)
    assert (done.code, (tmp_path / "one").exists(), (tmp_path / "other").exists()) == (0, True, True), done.said


def test_what_is_not_confirmed_is_taken_back_at_once(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": {"dms_ipv6_confirm_reach": "nowhere:25"}}, "dms.ipv6.enable")
    assert f"mail1: nowhere: it cannot be reached. {BACK}" in done.said, done.said
    assert (done.code, done.states) == (2, {"mail1": "rolled back"})


SAME = "mail1 and mail3 both have fd5c:1ab0:7e57:1::/64"


@pytest.mark.parametrize(
    ("playbook", "variables", "code"),
    [
        ("dms.ipv6.enable", {}, 2),
        ("dms.ipv6.audit", {}, 0),
        ("dms.ipv6.audit", {"dms_ipv6_fail_on": "warning"}, 2),
        ("dms.ipv6.verify", {}, 0),
        ("dms.ipv6.enable", {"dms_ipv6_allow_same_subnet": True}, 0),
        ("dms.ipv6.audit", {"dms_ipv6_allow_same_subnet": True}, 0),
    ],
)
def test_clones_that_are_as_wanted(tmp_path: Path, playbook: str, variables: dict[str, t.Any], code: int) -> None:
    """They have the same subnet, and no host has anything to change."""
    (tmp_path / "well").touch()
    own = {"mail1": "fd5c:1ab0:7e57:1::/64", "mail2": "fd5c:1ab0:7e57:2::/64", "mail3": "fd5c:1ab0:7e57:1::/64"}
    hosts = {name: {"dms_ipv6_network": "well", "dms_ipv6_address_pool": subnet} for name, subnet in own.items()}
    done = run(tmp_path, hosts, playbook, variables=variables)
    assert done.code == code, done.said
    assert (SAME in done.said) is ("dms_ipv6_allow_same_subnet" not in variables), done.said
    assert "mail2 and" not in done.said and "and mail2" not in done.said


@pytest.mark.parametrize(
    ("playbook", "mode", "extra"),
    [
        ("dms.ipv6.enable", "audit", False),
        ("dms.ipv6.audit", "nat", True),
        ("dms.ipv6.undo", "nat", True),
    ],
)
def test_a_mode_that_contradicts_the_playbook(tmp_path: Path, playbook: str, mode: str, extra: bool) -> None:
    arguments = ["-e", f"dms_ipv6_mode={mode}"] if extra else []
    second = {"dms_ipv6_network": "two", **({} if extra else {"dms_ipv6_mode": mode})}
    done = run(tmp_path, {"mail1": {"dms_ipv6_network": "one"}, "mail2": second}, playbook, *arguments)
    assert done.code == 2 and f"dms_ipv6_mode is {mode}" in done.said, done.said
    assert not (tmp_path / "one").exists() and not (tmp_path / "two").exists()
    assert "Read the host" not in done.said


@pytest.mark.parametrize("playbook", ["dms.ipv6.undo", "dms.ipv6.prevent", "dms.ipv6.audit"])
def test_a_mode_in_the_inventory_is_not_that_of_the_others(tmp_path: Path, playbook: str) -> None:
    done = run(tmp_path, {"mail1": {"dms_ipv6_mode": "nat"}}, playbook)
    assert "dms_ipv6_mode is" not in done.said and done.code == 0, done.said


PROBED = {"dms_ipv6_probe_hosts": ["client1"]}


def asked(done: Done, module: str) -> list[dict[str, t.Any]]:
    return [options for name, options, _dry in done.asked if name == module]


def test_verify(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": {"dms_ipv6_network": "serves", **PROBED}}, "dms.ipv6.verify")
    assert done.code == 0, done.said
    probes = [(one["host"], int(one["port"]), int(one["hold"])) for one in asked(done, "remote_ip_probe")]
    assert probes == [("2001:2::25", 20001, 0), ("2001:2::25", 25, 32)]
    assert [one["state"] for one in asked(done, "probe_responder")] == ["present", "absent"]


@pytest.mark.parametrize(("story", "ports"), [("well", []), ("serves", [25])])
def test_verify_in_check_mode(tmp_path: Path, story: str, ports: list[int]) -> None:
    """No responder is started, so none is probed; services are there, and are."""
    given = {"dms_ipv6_network": story, "dms_ipv6_require_proof": True, **PROBED}
    done = run(tmp_path, {"mail1": given}, "dms.ipv6.verify", "--check")
    assert done.code == 0, done.said
    assert [int(one["port"]) for one in asked(done, "remote_ip_probe")] == ports
    assert all(dry for _name, _options, dry in done.asked)
    assert ("not verified, as check mode starts no responder" in done.said) is (story == "well")


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({"dms_ipv6_network": "lies"}, []),
        ({"dms_ipv6_network": "lies", "dms_ipv6_probe_addresses": {"ipv6": "2001:2::7"}}, ["2001:2::7"]),
        ({"dms_ipv6_probe_addresses": {"ipv6": "mail.example.com"}}, ["mail.example.com"]),
        ({"ansible_host": "2001:2::9"}, ["2001:2::9"]),
        ({"ansible_host": "mail.example.com"}, ["2001:2::25"]),
        ({"dms_ipv6_probe_reported": False}, []),
        ({"dms_ipv6_probe_reported": False, "ansible_host": "2001:2::9"}, ["2001:2::9"]),
    ],
)
def test_where_probes_go(tmp_path: Path, given: dict[str, t.Any], hosts: list[str]) -> None:
    done = run(tmp_path, {"mail1": {**PROBED, **given}}, "dms.ipv6.verify")
    assert done.code == 0, done.said
    assert [one["host"] for one in asked(done, "remote_ip_probe")] == hosts
    assert asked(done, "probe_responder")[-1]["state"] == "absent"


def test_what_a_stranger_said_does_not_reach_the_host(tmp_path: Path) -> None:
    """An answer from some other network of the probe host's is nothing that the Docker host may read."""
    given = {"dms_ipv6_probe_addresses": {"ipv6": "2001:2::bad"}, **PROBED}
    done = run(tmp_path, {"mail1": given}, "dms.ipv6.verify")
    (probe,) = asked(done, "probe_responder")[-1]["probes"]
    assert "SECRET" not in str(probe)
    assert set(probe) <= {"item", "family", "host", "port", "verdict", "client", "seen", "client_port", "msg"}
    assert probe["verdict"] == "unexpected"


def test_a_folder_for_metrics_is_looked_for_first(tmp_path: Path) -> None:
    given = {"dms_ipv6_metrics_path": "/x/y.prom", "dms_ipv6_probe_remove_after": 7, **PROBED}
    done = run(tmp_path, {"mail1": given}, "dms.ipv6.verify")
    first = asked(done, "probe_responder")[0]
    assert (first["state"], first["metrics"], first["remove_after"]) == ("present", "/x/y.prom", 7)
