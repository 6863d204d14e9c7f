# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what there is of the firewall of containers with public addresses to a table, or to none."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Steps
from ansible_collections.dms.ipv6.plugins.module_utils.compose import undo as compose_undo
from ansible_collections.dms.ipv6.plugins.module_utils.routed import firewall as routed_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.routed import nft_table
from ansible_collections.dms.ipv6.plugins.module_utils.routed.firewall import (
    FILE,
    UNIT,
    UNIT_FILE,
    UNIT_TEXT,
    DisableUnit,
    EnableUnit,
    LoadTable,
)
from ansible_collections.dms.ipv6.plugins.module_utils.routed.nft_table import Open, Table
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import TableFiles

SUBNET = "2001:2:0:b1::/64"
TABLE = Table(SUBNET, "dms6-0123456789", (Open("2001:2:0:b1::25", "tcp", 25),))
OTHER = TABLE._replace(ports=(Open("2001:2:0:b1::25", "tcp", 465),))
NONE = TableFiles()
THERE = TableFiles(TABLE.text.encode(), UNIT_TEXT.encode(), True, TABLE.text)
WRITE = f"write {FILE}: the firewall of the containers in {SUBNET}"
WRITE_UNIT = f"write {UNIT_FILE}: loads it at every boot"
CLOSED = "everything else that comes from outside is dropped"
LOAD = f"load the firewall of {SUBNET}: open ports: [2001:2:0:b1::25]:25/tcp; {CLOSED}"
ENABLE = f"enable {UNIT}, which loads it at every boot"
GONE = "containers have no public addresses any more"
REMOVE = "remove the table ip6 dms_ipv6 from the kernel"
AWAY = [f"disable {UNIT}", REMOVE, f"remove {UNIT_FILE}: {GONE}", f"remove {FILE}: {GONE}"]


def done(found: TableFiles, steps: Steps) -> TableFiles:
    """What there is once steps were carried out."""
    for step in steps:
        if isinstance(step, WriteFile):
            changes: dict[str, t.Any] = {"file" if step.path == FILE else "unit": step.content}
            found = found._replace(**changes)
        elif isinstance(step, LoadTable):
            found = found._replace(listing=step.text)
        else:
            assert isinstance(step, (EnableUnit, DisableUnit))
            found = found._replace(enabled=isinstance(step, EnableUnit))
    return found


@pytest.mark.parametrize(
    ("wanted", "found", "sentences"),
    [
        (TABLE, NONE, [WRITE, WRITE_UNIT, LOAD, ENABLE]),
        (TABLE, THERE, []),
        # flushed by another program
        (TABLE, THERE._replace(listing=""), [LOAD]),
        (TABLE, THERE._replace(listing=TABLE.text.replace("counter drop", "accept\n\t\tcounter drop")), [LOAD]),
        # the file was edited, or taken away
        (TABLE, THERE._replace(file=b"# mine\n"), [WRITE]),
        (TABLE, THERE._replace(file=None), [WRITE]),
        (TABLE, THERE._replace(unit=b"[Unit]\n"), [WRITE_UNIT, ENABLE]),
        (TABLE, THERE._replace(enabled=False), [ENABLE]),
        # other ports
        (OTHER, THERE, [WRITE, LOAD.replace(":25/", ":465/")]),
        (TABLE._replace(ports=()), THERE, [WRITE, f"load the firewall of {SUBNET}: open ports: none; {CLOSED}"]),
        (None, NONE, []),
        (None, THERE, AWAY),
        (None, THERE._replace(listing="", enabled=False), AWAY[2:]),
        (None, NONE._replace(file=b"# mine\n"), AWAY[3:]),
    ],
)
def test_plan(wanted: Table | None, found: TableFiles, sentences: list[str]) -> None:
    plan = routed_firewall.plan(wanted, found)
    assert plan.sentences() == sentences
    assert plan.after == (wanted.text if wanted else "")
    assert plan.before == (found.file or b"").decode()
    after = done(found, plan.steps)
    assert not routed_firewall.plan(wanted, after).changed
    assert nft_table.in_force(after) == wanted
    # The way back from any place, a listing that was not ours put right on the way.
    for number in range(len(plan.steps) + 1):
        again = done(done(found, plan.steps[:number]), plan.back(number))
        assert again._replace(listing="") == found._replace(listing="")
        assert bool(again.listing) is bool(found.listing)


@pytest.mark.parametrize(
    ("found", "there", "table", "in_force"),
    [
        (NONE, False, None, None),
        (THERE, True, TABLE, TABLE),
        (THERE._replace(listing=""), True, TABLE, None),
        (THERE._replace(file=b"\xff"), True, None, None),
        (NONE._replace(unit=b""), True, None, None),
    ],
)
def test_what_is_in_force(found: TableFiles, there: bool, table: Table | None, in_force: Table | None) -> None:
    assert (found.any, nft_table.in_file(found), nft_table.in_force(found)) == (there, table, in_force)


def test_unit_is_ordered() -> None:
    """Before Docker and the network, and after what empties the ruleset; nothing ends it when it is stopped."""
    lines = UNIT_TEXT.splitlines()
    assert "Before=network-pre.target docker.service shutdown.target" in lines
    assert "After=local-fs.target nftables.service" in lines
    assert f"ExecStart=/usr/sbin/nft -f {FILE}" in lines
    assert not any(line.startswith("ExecStop") for line in lines)


def test_no_file_of_ours_is_taken_for_a_compose_file() -> None:
    plan = routed_firewall.plan(TABLE, NONE)
    assert compose_undo.remember_files({}, plan) == {}
