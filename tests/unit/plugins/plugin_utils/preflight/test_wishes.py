# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is meant to do, held against the variables and the inventory."""

from __future__ import annotations

import typing as t
from pathlib import Path

import ansible_collections.dms.ipv6 as checkout
import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.plugin_utils.preflight import wishes

DEFAULTS = yaml.safe_load((Path(checkout.__path__[0]) / "roles/dms_ipv6/defaults/main.yml").read_text())
ENABLE = wishes.Run(("nat", "routed", "prevent"), True, "docker", DEFAULTS, ("mail1", "mail2", "client1"))
VERIFY = ENABLE._replace(changes=False)
ANY = wishes.Run((), True, "", DEFAULTS, ENABLE.inventory)
UNNAMED = "dms_ipv6_containers names no container"
NAMED: dict[str, t.Any] = {"dms_ipv6_containers": ["mail"]}


def faults(run: wishes.Run, *later: str, **given: t.Any) -> list[str]:
    return wishes.faults("mail1", {f"dms_ipv6_{name}": value for name, value in given.items()}, later, run)


@pytest.mark.parametrize(
    "given",
    [
        {"containers": ["mail"]},
        {"containers": "masked"},
        {"compose_files": ["/srv/mail/compose.yaml"]},
        {"address_pool": "auto"},
        {"attach": "default_bridge"},
        {"network": "old"},
        {"mode": "prevent"},
    ],
)
def test_containers_are_meant(given: dict[str, t.Any]) -> None:
    assert faults(ENABLE, **given) == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"mode": "routed"},
        {"subnet": "fd5c:1ab0:77:1::/64"},
        {"network": "dms-ipv6"},
        {"userland_proxy": False},
        {"gai_conf": True},
        {"attach": "compose"},
    ],
)
def test_no_container_is_meant(given: dict[str, t.Any]) -> None:
    (fault,) = faults(ENABLE, **given)
    assert UNNAMED in fault and "dms.ipv6.audit" in fault
    assert faults(VERIFY, **given) == []
    assert faults(ENABLE, "dms_ipv6_containers", **given) == []


@pytest.mark.parametrize(
    ("run", "given", "words"),
    [
        (
            ENABLE,
            {"mode": "absent"},
            "dms_ipv6_mode is absent, and this playbook is for nat, routed, prevent: audit, undo",
        ),
        (ENABLE._replace(modes=("prevent",)), {"mode": "nat", "containers": ["mail"]}, "leave dms_ipv6_mode out."),
        (VERIFY, {"probe_hosts": ["client1", "mail1"]}, "mail1 is its own probe host"),
        (VERIFY, {"probe_hosts": ["clien1"]}, "names clien1, not in the inventory. Did you mean client1?"),
        (VERIFY, {"probe_hosts": ["vps"]}, "names vps, not in the inventory. Add it with its ansible_host."),
        (VERIFY, {"dns_host": "vps"}, "dms_ipv6_dns_host names vps"),
        (VERIFY, {"hosts": "mailservers"}, "use -e dms_ipv6_hosts=mailservers."),
        (VERIFY, {"require_proof": "yes"}, "dms_ipv6_require_proof is set, and there is no probe host."),
        (ANY, {"mode": "audit", "relay_test": True}, "dms_ipv6_relay_test is set, and there is no probe host."),
    ],
)
def test_what_cannot_be_meant(run: wishes.Run, given: dict[str, t.Any], words: str) -> None:
    (fault,) = faults(run, **given)
    assert words in fault


@pytest.mark.parametrize(
    ("run", "given"),
    [
        (ENABLE, {"containers": ["mail"], "hosts": "docker", "probe_hosts": ["client1"], "require_proof": True}),
        (ANY, {"mode": "absent", "require_proof": True}),
        (ANY, {"mode": "audit", "require_proof": True, "relay_test": "false"}),
        (ANY, {"mode": "nat", "containers": ["mail"], "relay_test": True, "hosts": "any"}),
    ],
)
def test_what_can(run: wishes.Run, given: dict[str, t.Any]) -> None:
    assert faults(run, **given) == []


WAYS = {"mail1": ("192.0.2.1", "22"), "client1": ("192.0.2.1", "22"), "mail2": ("192.0.2.1", "2222")}


@pytest.mark.parametrize(
    ("probes", "ways", "one_machine"),
    [
        (["mail2", "client1"], WAYS, True),
        (["mail2"], WAYS, False),
        (["client1"], {**WAYS, "mail1": (), "client1": ()}, False),
    ],
)
def test_a_probe_host_under_another_name(
    probes: list[str], ways: dict[str, tuple[str, ...]], one_machine: bool
) -> None:
    found = faults(VERIFY._replace(way=ways.__getitem__), probe_hosts=probes)
    words = "mail1 and its probe host client1 (dms_ipv6_probe_hosts) are one machine, 192.0.2.1, and"
    assert [fault.startswith(words) for fault in found] == [True] * one_machine


ADDRESS = {"ansible_host": "192.0.2.1"}


@pytest.mark.parametrize(
    ("values", "same"),
    [
        (ADDRESS, True),
        ({**ADDRESS, "ansible_port": 22, "ansible_connection": "ansible.builtin.ssh"}, True),
        ({"ansible_ssh_host": "192.0.2.1", "ansible_user": "admin"}, True),
        ({**ADDRESS, "ansible_ssh_port": 2222}, False),
        ({**ADDRESS, "ansible_ssh_common_args": "-J gate"}, False),
        # A container of the machine, by its number.
        ({**ADDRESS, "ansible_connection": "community.proxmox.proxmox_pct_remote"}, False),
        ({**ADDRESS, "ansible_connection": "local"}, False),
        ({}, False),
    ],
)
def test_two_names_of_one_machine(values: dict[str, t.Any], same: bool) -> None:
    assert (wishes.way("client1", values) == wishes.way("mail1", ADDRESS)) is same


def test_a_name_is_no_part_of_another() -> None:
    (fault,) = faults(VERIFY, probe_hosts=["client"])
    assert "names client, not in the inventory. Did you mean client1?" in fault
    assert faults(VERIFY._replace(inventory=("mail12",)), probe_hosts=["mail12"]) == []


HERE = wishes.Place("docker", ("a", "b"), ("a", "b"), "", ("all", "docker", "mail", "ungrouped"), ("a", "b", "c"))


@pytest.mark.parametrize(
    ("place", "parts", "words"),
    [
        (HERE, ["docker"], ""),
        (HERE._replace(hosts=("a",), limit="a"), ["docker"], ""),
        (HERE, ["docker", "!c", "&mail"], ""),
        (HERE, ["d*", "~[ab]", "docker[0]"], ""),
        (HERE, ["docker", "!d"], "No group and no host is called d."),
        (
            HERE._replace(matched=(), hosts=()),
            ["docer"],
            "called docer. Did you mean docker? Groups here: docker, mail.",
        ),
        (HERE._replace(matched=(), hosts=()), ["docker"], "No host in docker. Groups here: docker, mail. Use -e"),
        (HERE._replace(hosts=(), limit="c"), ["docker"], "--limit c leaves no host of docker, which has a, b."),
        (
            HERE._replace(matched=(), hosts=(), inventory=(), sources=("/x",)),
            ["docker"],
            "The inventory (/x) has no hosts.",
        ),
        (HERE._replace(matched=("localhost",), hosts=("localhost",), inventory=()), ["localhost"], ""),
    ],
)
def test_where(place: wishes.Place, parts: list[str], words: str) -> None:
    found = wishes.nowhere(place, parts)
    assert found.startswith(words) if words.startswith("The") else words in found
    assert bool(found) is bool(words)


def test_each_fault_is_said_once() -> None:
    names = [f"h{number}" for number in range(9)]
    found = {name: ["every one.", *(["some."] if name > "h2" else [])] for name in names}
    assert wishes.in_one_line(found) == "every one. h3, h4, h5, h6, h7 and 1 more: some."
    assert wishes.in_one_line({"a": [], "b": []}) == ""
    many = {"a": [f"{number}." for number in range(30)], "b": []}
    assert wishes.in_one_line(many).endswith("a: 9. And 20 more faults.")


# --- variables of another mode


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"mode": "prevent", "subnet": "fd5c:1ab0:77:1::/64"},
            "prevent contradicts dms_ipv6_subnet: fd5c:1ab0:77:1::/64",
        ),
        ({"mode": "prevent", "userland_proxy": True}, "contradicts dms_ipv6_userland_proxy: true"),
        ({**NAMED, "subnet": "2001:2:0:1::/64"}, "dms_ipv6_subnet: 2001:2:0:1::/64 is not a ULA; mode nat is for ULAs"),
        (
            {**NAMED, "addresses": {"mail": "::5"}},
            "dms_ipv6_addresses: containers get addresses of your choice in mode",
        ),
        ({**NAMED, "mode": "routed", "fleet_prefix": "fd5c:1ab0:77::/48"}, "dms_ipv6_fleet_prefix: it is for ULAs"),
        (
            {**NAMED, "mode": "routed", "attach": "compose"},
            "dms_ipv6_attach: mode routed connects containers to a network",
        ),
        ({**NAMED, "mode": "routed", "subnet": "fd5c:1ab0:77:1::/64"}, "dms_ipv6_subnet: fd5c:1ab0:77:1::/64 is a ULA"),
    ],
)
def test_variables_of_another_mode(given: dict[str, t.Any], words: str) -> None:
    given = {name.removeprefix("dms_ipv6_"): value for name, value in given.items()}
    (fault,) = faults(ENABLE, **given)
    assert words in fault
    assert faults(ENABLE, f"dms_ipv6_{[*given][-1]}", **given) == []


def test_no_family_to_probe_over() -> None:
    (fault,) = faults(ENABLE, containers=["mail"], probe_hosts=["client1"], probe_families=[])
    assert fault.startswith("dms_ipv6_probe_families is empty, so dms_ipv6_probe_hosts would prove nothing.")
    assert faults(ENABLE, containers=["mail"], probe_families=[]) == []


def test_an_empty_pattern() -> None:
    place = wishes.Place("", (), (), "", ("all", "docker"), ("mail1",))
    assert wishes.nowhere(place, [""]).startswith("dms_ipv6_hosts is empty. Groups here: docker.")
