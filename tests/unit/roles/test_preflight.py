# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No mistake of the operator's looks like success: real runs that end before any host is read, in check mode too."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.tests.unit.plugins.callback.stage import DOWN, Done, run

ENABLE, AUDIT, VERIFY, PREVENT, UNDO = (f"dms.ipv6.{one}" for one in ("enable", "audit", "verify", "prevent", "undo"))
NOTHING = "Nothing was read or changed."
TWO: dict[str, dict[str, t.Any]] = {"mail1": {}, "mail2": {}}


def ended(done: Done, *words: str) -> None:
    """It failed, with these words in its one line, and no module was run on any host."""
    assert done.code == 2, done.said
    line = re.search(r'fatal: \[\w+\]: FAILED! => \{"changed": false, "msg": "(.*?)"\}', done.said)
    assert line and line[1].endswith(NOTHING) and len(line[1]) < 700, done.said
    assert all(one in line[1] for one in words), line[1]
    assert not (done.folder.parent / "asked.jsonl").exists(), done.said
    assert not done.folder.exists(), "a report of a run that read nothing"


# Those of one playbook in one run, except where one hides another.
EXTRA: list[tuple[str, dict[str, str]]] = [
    (
        ENABLE,
        {
            "dms_ipv6_container=mail": "dms_ipv6_container is unknown. Did you mean dms_ipv6_containers?",
            "dms_ipv6_containers=mail": "dms_ipv6_containers must be a list, or one of the words masked, all, not 'm",
            "dms_ipv6_serial=abc": "dms_ipv6_serial: give numbers of hosts such as 5 or 10%, not abc.",
        },
    ),
    (
        ENABLE,
        {
            '{"dms_ipv6_containers": []}': "dms_ipv6_containers names no container",
            '{"dms_ipv6_probe_hosts": ["mail1"]}': "mail1 is its own probe host (dms_ipv6_probe_hosts)",
        },
    ),
    (ENABLE, {"dms_ipv6_hosts=dokcer": "called dokcer. Did you mean docker? Groups here: docker"}),
    (ENABLE, {"dms_ipv6_require_proof=true": "dms_ipv6_require_proof is set, and there is no probe host"}),
    (VERIFY, {"dms_ipv6_probe_hosts=client1": "dms_ipv6_probe_hosts must be a list, not 'client1'."}),
    (
        VERIFY,
        {
            '{"dms_ipv6_probe_hosts": ["clint1"]}': "names clint1, not in the inventory. Did you mean client1?",
            "dms_ipv6_mode=audit": "dms_ipv6_mode is audit, and this playbook is for nat, routed, prevent",
        },
    ),
    (AUDIT, {"dms_ipv6_fail_on=criticl": "dms_ipv6_fail_on must be one of never, warning, critical, not 'criticl'."}),
    (
        AUDIT,
        {
            "dms_ipv6_dns_host=nowhere": "dms_ipv6_dns_host names nowhere, not in the inventory",
            "dms_ipv6_relay_test=true": "dms_ipv6_relay_test is set, and there is no probe host",
        },
    ),
    (UNDO, {"dms_ipv6_confirm_within=abc": "dms_ipv6_confirm_within must be a whole number, not 'abc'."}),
    (PREVENT, {"dms_ipv6_mode=nat": "dms_ipv6_mode is nat, and this playbook is for prevent"}),
]


@pytest.mark.parametrize(("playbook", "extra"), EXTRA, ids=[f"{one[0]} {' '.join(one[1])}" for one in EXTRA])
def test_mistakes_on_the_command_line(tmp_path: Path, playbook: str, extra: dict[str, str]) -> None:
    options = [word for one in extra for word in ("-e", one)]
    ended(run(tmp_path, TWO, playbook, "--check", *options), *extra.values())


def test_mistakes_of_some_hosts(tmp_path: Path) -> None:
    """Each with its hosts; a value that needs facts is not judged."""
    hosts: dict[str, dict[str, t.Any]] = {
        "mail1": {"dms_ipv6_contaners": ["mail"], "dms_ipv6_subnet": "{{ ansible_facts.later }}"},
        "mail2": {"dms_ipv6_containers": [], "dms_ipv6_mode": "routed"},
        "mail3": {"dms_ipv6_probe_hosts": "{{ groups['docker'] | difference([inventory_hostname]) }}"},
    }
    done = run(tmp_path, hosts, ENABLE)
    ended(done, "mail1: dms_ipv6_contaners is unknown.", "mail2: dms_ipv6_containers names no container")
    assert "mail3" not in done.said


@pytest.mark.parametrize(
    ("differing", "ends"), [({}, True), ({"ansible_port": 2}, False), ({"ansible_ssh_common_args": "-J gate"}, False)]
)
def test_a_probe_host_that_is_the_docker_host(tmp_path: Path, differing: dict[str, t.Any], ends: bool) -> None:
    """Under another name: Ansible would reach the same machine."""
    given = {"dms_ipv6_probe_hosts": ["mail2"], "dms_ipv6_hosts": "mail1"}
    hosts = {"mail1": DOWN, "mail2": {**DOWN, **differing}}
    done = run(tmp_path, hosts, VERIFY, "-e", json.dumps(given), acted=False)
    assert ("mail1 and its probe host mail2 (dms_ipv6_probe_hosts) are one machine, 127.0.0.1" in done.said) is ends
    assert (NOTHING in done.said) is ends, done.said


def test_a_pattern_in_the_inventory(tmp_path: Path) -> None:
    given = {"dms_ipv6_hosts": "mailservers"}
    ended(run(tmp_path, TWO, AUDIT, variables=given), "dms_ipv6_hosts is mailservers in the inventory", "for docker.")


def test_a_limit_that_leaves_no_host(tmp_path: Path) -> None:
    words = "--limit client1 leaves no host of docker, which has mail1, mail2."
    ended(run(tmp_path, TWO, UNDO, "--limit", "client1"), words)


@pytest.mark.parametrize("playbook", [ENABLE, AUDIT, VERIFY])
def test_an_empty_group(tmp_path: Path, playbook: str) -> None:
    ended(run(tmp_path, {}, playbook), "No host in docker. Groups here: docker. Use -e dms_ipv6_hosts=GROUP.")


def test_no_inventory(tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text("[defaults]\ninventory = nowhere.ini\n")
    lax = {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "false", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false"}
    ended(
        run(tmp_path, {}, AUDIT, listed=False, environment=lax),
        "The inventory (",
        "nowhere.ini) has no hosts. Give one with -i.",
    )


ROLE = [
    ({"dms_ipv6_container": ["mail"]}, "dms_ipv6_container is unknown. Did you mean dms_ipv6_containers?"),
    ({"dms_ipv6_containers": []}, "dms_ipv6_containers names no container"),
    ({"dms_ipv6_probe_hosts": ["mail1"]}, "mail1 is its own probe host"),
]


@pytest.mark.parametrize(("given", "words"), ROLE, ids=[words for _given, words in ROLE])
def test_the_role_by_itself(tmp_path: Path, given: dict[str, t.Any], words: str) -> None:
    role = {"name": "r", "ansible.builtin.include_role": {"name": "dms.ipv6.dms_ipv6"}, "vars": given}
    done = run(tmp_path, {"mail1": {}}, [{"hosts": "docker", "gather_facts": False, "tasks": [role]}], "--check")
    assert done.code == 2 and words in done.said and NOTHING in done.said, done.said
    assert not (tmp_path / "asked.jsonl").exists()


@pytest.mark.parametrize("way", ["import", "limit"])
def test_what_can_be_meant_goes_on(tmp_path: Path, way: str) -> None:
    """Variables of import_playbook count for more than the inventory's, which would be refused here."""
    (tmp_path / "well").touch()
    given = {"dms_ipv6_containers": "masked", "dms_ipv6_hosts": ["mail1"], "dms_ipv6_network": "well"}
    own = [{"import_playbook": ENABLE, "vars": given}]
    hosts: dict[str, dict[str, t.Any]] = {"mail1": {"dms_ipv6_containers": []}, "mail2": {"dms_ipv6_network": "well"}}
    done = run(tmp_path, hosts, own) if way == "import" else run(tmp_path, hosts, ENABLE, "--limit", "mail2")
    assert done.code == 0, done.said
    assert [name for name, _options, _dry in done.asked] == ["docker_ipv6_info"]
    assert done.states == {"mail1" if way == "import" else "mail2": "not verified"}
    assert "no probe host" not in done.said


PROBED: dict[str, t.Any] = {"dms_ipv6_probe_hosts": ["client1"], "dms_ipv6_network": "new"}


def modules(done: Done) -> list[str]:
    return [f"{name} {options.get('state', options.get('port', ''))}".strip() for name, options, _dry in done.asked]


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_an_image_that_cannot_be_had(tmp_path: Path, check: list[str]) -> None:
    """It is found before Docker is restarted."""
    done = run(tmp_path, {"mail1": {**PROBED, "dms_ipv6_probe_image": "nowhere/none"}}, ENABLE, *check)
    assert done.code == 2 and "mail1: cannot pull nowhere/none. Nothing was changed." in done.said, done.said
    assert modules(done) == ["docker_ipv6_info", "probe_responder ready"]


def test_what_the_proof_needs_comes_first(tmp_path: Path) -> None:
    done = run(tmp_path, {"mail1": PROBED}, ENABLE)
    assert done.code == 0, done.said
    assert modules(done)[:4] == ["docker_ipv6_info", "probe_responder ready", "remote_ip_probe 0", "docker_ipv6"]


@pytest.mark.parametrize(("required", "code"), [(True, 2), (False, 0)])
@pytest.mark.parametrize("story", ["away", "no IPv6"])
def test_a_probe_host_that_cannot_probe(tmp_path: Path, story: str, required: bool, code: int) -> None:
    """It is said before the change; which is not made if its proof is required."""
    away = {"client2": DOWN} if story == "away" else {}
    given = {**PROBED, "dms_ipv6_require_proof": required, "dms_ipv6_hosts": "mail1"}
    if story == "away":
        given["dms_ipv6_probe_hosts"] = ["client2"]
    else:
        given["dms_ipv6_probe_addresses"] = {"ipv6": "2001:2::99"}
    own = [{"import_playbook": ENABLE, "vars": given}]
    done = run(tmp_path, {"mail1": {}, **away}, own)
    assert done.code == code, done.said
    words = {
        "away": "probe host client2 is out of reach",
        "no IPv6": "probe host client1 over ipv6: this client cannot",
    }
    before, _change, _after = done.said.partition("Change all of it")
    assert words[story] in before, done.said
    assert ("docker_ipv6" in [name for name, _options, _dry in done.asked]) is not required
    assert ("no probe host can try over IPv6" in done.said) is required
    assert "mail1 : ok=" in done.said and "unreachable=0" in done.said.partition("mail1 : ok=")[2][:60]


def test_a_proof_that_fails_says_that_the_change_stands(tmp_path: Path) -> None:
    given = {**PROBED, "dms_ipv6_probe_addresses": {"ipv6": "2001:2::66"}}
    done = run(tmp_path, {"mail1": given}, ENABLE)
    way = (
        f"The change stands. To take it back: ansible-playbook -i {tmp_path}/inventory.yml dms.ipv6.undo --limit mail1"
    )
    assert done.code == 2 and way in done.said, done.said
    again = run(tmp_path / "again", {"mail1": given}, VERIFY)
    assert again.code == 2 and "masked" in again.said and "The change stands" not in again.said, again.said


@pytest.mark.parametrize(
    ("hosts", "code", "words"),
    [
        (["client1"], 0, "answered"),
        (["client1", "client2"], 0, "probe host client2 is out of reach, or cannot run a module"),
        (["client2"], 2, "mail1: the relay test was not made: probe host client2 is out of reach"),
    ],
)
def test_a_relay_test_with_a_probe_host_that_is_away(tmp_path: Path, hosts: list[str], code: int, words: str) -> None:
    """It is said of the probe host; the Docker host was reached all the time."""
    given = {"dms_ipv6_relay_test": True, "dms_ipv6_probe_hosts": hosts}
    done = run(tmp_path, {"mail1": given, "client2": DOWN}, AUDIT, "--limit", "mail1")
    assert (done.code, words in done.said) == (code, True), done.said
    assert "unreachable=0" in done.said.partition("mail1 : ok=")[2][:60], done.said


def test_a_word_for_false_is_false(tmp_path: Path) -> None:
    """A text from the command line is not a consent."""
    (tmp_path / "well").touch()
    same = {"dms_ipv6_network": "well", "dms_ipv6_address_pool": "fd5c:1ab0:7e57:1::/64"}
    done = run(tmp_path, {"mail1": same, "mail2": same}, ENABLE, "-e", "dms_ipv6_allow_same_subnet=false")
    assert done.code == 2 and "mail1 and mail2 both have fd5c:1ab0:7e57:1::/64" in done.said, done.said


@pytest.mark.parametrize(("changes", "modes", "code"), [(False, [], 0), (True, [], 2), (False, ["prevent"], 2)])
def test_the_module_by_itself(tmp_path: Path, changes: bool, modes: list[str], code: int) -> None:
    look = {"name": "p", "dms.ipv6.preflight": {"scope": "playbook", "changes": changes, "modes": modes}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [look]}
    done = run(tmp_path, {"mail1": {}}, [play], variables={"dms_ipv6_containers": []})
    assert done.code == code, done.said
