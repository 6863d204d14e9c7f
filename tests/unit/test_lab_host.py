# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two processes of one test run have labs of their own, whatever the inventory."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

from tests.integration import lab_host

FOLDER = Path(lab_host.__file__).parent
LABS = sorted(path for path in FOLDER.glob("*.yml") if "lab_name:" in path.read_text(encoding="utf-8"))


def hosts(group: dict[str, t.Any]) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    yield from (group.get("hosts") or {}).items()
    for child in (group.get("children") or {}).values():
        yield from hosts(child or {})


def containers(inventory: Path) -> dict[str, str]:
    """Host -> its container, of the hosts that the lab makes."""
    said = yaml.safe_load(inventory.read_text(encoding="utf-8"))["all"]
    lab_name = said["vars"]["lab_name"]
    found = {name: values["ansible_host"] for name, values in hosts(said) if "lab_image" in (values or {})}
    assert all(place == f"dms-lab-{lab_name}-{name}" for name, place in found.items()), "not those that the lab makes"
    return found


@pytest.mark.parametrize("inventory", LABS, ids=lambda path: path.stem)
def test_each_process_has_hosts_of_its_own(inventory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lab_name = yaml.safe_load(inventory.read_text(encoding="utf-8"))["all"]["vars"]["lab_name"]
    monkeypatch.setattr(lab_host, "TOP", tmp_path)
    seen: list[str] = []
    for worker in ("", "gw0", "gw1"):
        monkeypatch.setattr(lab_host, "WORKER", worker)
        own = lab_host.own_inventory(inventory)
        assert lab_host.own_inventory(own) == own
        found = containers(own)
        assert found == {name: lab_host.Host(name, lab_name).container for name in found}
        seen += found.values()
    assert len(seen) == len(set(seen))
