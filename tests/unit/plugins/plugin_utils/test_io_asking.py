# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program that a host has kept is asked. On real hosts: tests/integration/test_kept_program.py."""

from __future__ import annotations

import json
import shlex
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _io_files, _io_kept, _io_pyz, _options
from ansible_collections.dms.ipv6.plugins.plugin_utils import _io_asking

READ = {"mode": "nat", "containers": ["web"], "subnet": "auto"}


def asked(arguments: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """What the program gets, None if the module is sent."""
    found = _io_asking.asked(_options.READING, arguments, dry=True)
    return json.loads(found) if found else None


def test_it_asks_the_program_that_a_host_keeps() -> None:
    assert f"{_io_files.STATE}/{_io_kept.PROGRAM}" == _io_asking.KEPT
    assert _io_asking.NOT_THIS_ONE == _io_kept.NOT_THIS_ONE
    command = shlex.split(_io_asking.kept("read", '{"a b": 1}'))
    assert command == ["/var/lib/dms-ipv6/program.pyz", "read", _io_asking.PARTS, '{"a b": 1}']


def test_a_program_of_these_files_fits() -> None:
    """What the host says of its files, the controller says of its own."""
    here = set(_io_pyz.origin(_io_pyz.sources()).parts)
    assert len(here) > 10
    assert here <= set(_io_asking.PARTS.split())
    assert len(_io_asking.PARTS.split()) == len([*Path(_io_pyz.__file__).parent.glob("_*.py")])


def test_the_program_gets_all_options() -> None:
    found = asked({**READ, "prefix_length": "80", "allow_container_restart": "yes"})
    assert found and found["dry"] is True
    assert found["params"].keys() == _options.READING.keys()
    assert (found["params"]["prefix_length"], found["params"]["allow_container_restart"]) == (80, True)
    assert (found["params"]["containers"], found["params"]["docker_socket"]) == (["web"], "/var/run/docker.sock")


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "natt"},
        {"prefix_length": "long"},
        {"typo": 1},
        {"docker_socket": "~/docker.sock"},
        {"compose_files": ["$HOME/compose.yml"]},
        {"addresses": {"web": object()}},
    ],
)
def test_what_is_for_the_module(arguments: dict[str, t.Any]) -> None:
    """What is wrong, what only the host can expand, and what cannot be told in JSON."""
    assert asked({**READ, **arguments}) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"changed": true}\n', {"changed": True}),
        ('Welcome!\n{"failed": true, "msg": "too late"}\n{} bye\n', {"failed": True, "msg": "too late"}),
        ("", None),
        ("[1]\n{}\n7\n", None),
        ("sh: 1: revert.pyz: Permission denied\n", None),
    ],
)
def test_what_is_heard(said: str, told: dict[str, t.Any] | None) -> None:
    assert _io_asking.answer(said) == told
