# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container with what its user gave it, as the engine keeps it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.state.io import containers

ID = "0123456789abcdef"
GIVEN, OWN = "02:00:00:00:00:22", "02:42:ac:11:00:02"


class Engine:
    """One container, on two networks, as a 28.5.2 has it."""

    def __init__(self, folder: Path, owner: str = ID) -> None:
        self.folder, self.owner = folder, owner

    def container(self, name: str) -> dict[str, t.Any]:
        return {
            "Id": ID,
            "Name": f"/{name}",
            "HostnamePath": str(self.folder / self.owner / "hostname"),
            "Config": {"MacAddress": "02:00:00:00:00:21"},
            "NetworkSettings": {"Networks": {one: {"MacAddress": OWN} for one in ("front", "back")}},
        }


def kept(folder: Path, text: str, owner: str = ID) -> t.Any:
    (folder / owner).mkdir()
    (folder / owner / "config.v2.json").write_text(text)
    return containers.inspect(Engine(folder, owner), "mail")  # type: ignore[arg-type]


def settings(**places: dict[str, str]) -> str:
    return json.dumps({"NetworkSettings": {"Networks": places}})


def test_macs_that_the_user_gave(tmp_path: Path) -> None:
    said = settings(front={"DesiredMacAddress": ""}, back={"MacAddress": GIVEN, "DesiredMacAddress": GIVEN})
    found = kept(tmp_path, said)
    assert ({one.network: one.mac for one in found.endpoints}, found.mac) == ({"front": "", "back": GIVEN}, "")


@pytest.mark.parametrize(
    "text",
    [
        settings(front={"MacAddress": OWN}, back={"MacAddress": GIVEN}),  # before 25.0
        settings(front={"DesiredMacAddress": GIVEN}, back={}),
        "",
        "no JSON",
        "[]",
        "{}",
        '{"NetworkSettings": null}',
        '{"NetworkSettings": {"Networks": {"front": 7}}}',
        "[" * 100000,
    ],
)
def test_it_is_unknown(tmp_path: Path, text: str) -> None:
    """Then it may be any of its networks that has the one that an inspect names."""
    found = kept(tmp_path, text)
    assert ([one.mac for one in found.endpoints], found.mac) == (["", ""], "02:00:00:00:00:21")


def test_files_of_another_container_say_nothing(tmp_path: Path) -> None:
    """With network_mode container:NAME its host name lies beside the settings of that one."""
    said = settings(front={"DesiredMacAddress": GIVEN}, back={"DesiredMacAddress": GIVEN})
    found = kept(tmp_path, said, "fedcba9876543210")
    assert ([one.mac for one in found.endpoints], found.mac) == (["", ""], "02:00:00:00:00:21")
    assert containers.inspect(Engine(tmp_path / "x"), "mail").mac  # type: ignore[arg-type]
