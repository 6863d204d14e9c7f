# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reached before a change is confirmed. The program itself is run in test_io_transaction."""

from __future__ import annotations

import socket
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import confirm
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused


@pytest.mark.parametrize(
    ("target", "address"), [("[fd00::5]:25", ("fd00::5", 25)), ("mail.example.org:25", ("mail.example.org", 25))]
)
def test_where_it_connects_to(monkeypatch: pytest.MonkeyPatch, target: str, address: tuple[str, int]) -> None:
    asked: list[t.Any] = []

    def connect(where: tuple[str, int], timeout: float) -> t.NoReturn:
        asked.append(where)
        raise OSError("no route")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Refused, match="no route"):
        confirm.reach(target)
    assert asked == [address]
