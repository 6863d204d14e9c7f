# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a journal says: line by line, torn, cut short, and by other versions."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import journal
from ansible_collections.dms.ipv6.plugins.module_utils.change.journal import Made, Slot, Story
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused

MADE = Made("/run/other.sock", "other.service", "/etc/other.json", 30.0)
A, B, C = ({"kind": "WriteFile", "path": path} for path in ("a", "b", "c"))
LINES = [
    journal.head("run"),
    journal.opened(MADE),
    journal.hold([A], kept=True),
    journal.hold([B], kept=True),
    journal.opened(Made()),
    journal.hold([C], kept=False),
]
RAW = b"".join(map(journal.dumped, LINES))


def read(raw: bytes | None, run: str = "run") -> Story:
    return journal.read(raw, Story("boot", 50.0), run, "/j")


def test_lines_are_said_in_order() -> None:
    found = read(RAW)
    assert found.slots == [Slot(MADE, [A, B]), Slot(Made(), [C])]
    assert (found.end, found.attempts, found.restarted) == (len(RAW), 0, False)


def test_steps_that_are_done_are_gone() -> None:
    found = read(RAW + journal.dumped(journal.done(1)) + journal.dumped(journal.done(0)))
    assert [slot.left for slot in found.slots] == [[A], []]


def test_steps_take_the_place_of_others() -> None:
    found = read(RAW + journal.dumped(journal.hold([A, B], kept=False)))
    assert found.slots[1].left == [A, B]


def test_room_that_is_reserved_is_no_line() -> None:
    assert read(RAW + bytes(4096)) == read(RAW)


@pytest.mark.parametrize("cut", range(1, 40))
def test_torn_last_line_was_never_written(cut: int) -> None:
    whole = RAW + journal.dumped(journal.hold([A, B], kept=True))
    for zeros in (b"", bytes(100)):
        found = read(whole[:-cut] + zeros)
        assert (found.slots[1].left, found.end) == ([C], len(RAW))


def test_no_journal_and_that_of_an_earlier_transaction() -> None:
    for found in (read(None), read(RAW, "other")):
        assert (found.slots, found.end, found.deadline) == ([], 0, 50.0)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "line 1 is not to be understood"),
        (bytes(50), "line 1 is not to be understood"),
        (b"\xff\xfe garbage", "line 1 is not to be understood"),
        (b"[]\n", "line 1 is not to be understood"),
        (b'"x"\n', "line 1 is not to be understood"),
        (b'{"format":1}\n', "line 1 is not to be understood"),
        (b'{"format":2,"id":"run"}\n', "it has format 2, and this version knows 1"),
        (RAW.replace(b'"socket"', b'"sock"'), "line 2 is not to be understood"),
        (RAW.replace(b'"kept":true', b'"kept_":true'), "line 3 is not to be understood"),
        (RAW[:60] + b"\n" + RAW[60:], "line 2 is not to be understood"),
    ],
)
def test_what_is_not_understood_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(Refused) as reason:
        read(raw)
    assert str(reason.value).startswith(f"/j: {words}")
    assert reason.value.remedy


def attempts(*times: float, boot: str = "boot") -> Story:
    found = Story("boot", 50.0)
    for now in times:
        found.tell(journal.attempt(boot, now))
    return found


@pytest.mark.parametrize(
    ("times", "now", "pause"),
    [
        ((), 100.0, 0.0),
        ((100.0,), 100.0, 30.0),
        ((100.0,), 120.0, 10.0),
        ((100.0,), 131.0, 0.0),
        ((100.0, 130.0), 130.0, 120.0),
        ((100.0, 130.0, 250.0), 250.0, 480.0),
    ],
)
def test_pauses_grow(times: tuple[float, ...], now: float, pause: float) -> None:
    found = attempts(*times)
    assert (found.pause("boot", now), found.attempts) == (pause, len(times))
    assert found.pause("another boot", now) == 0.0


@pytest.mark.parametrize(
    ("story", "boot", "now", "left"),
    [
        (Story("boot", 100.5), "boot", 0.0, 100.5),
        (Story("boot", 100.5), "boot", 101.0, 0.0),
        (Story("boot", 100.5), "other", 0.0, 0.0),
        (attempts(1.0), "boot", 2.0, 0.0),
    ],
)
def test_time_that_is_left(story: Story, boot: str, now: float, left: float) -> None:
    assert story.left(boot, now) == left


def test_time_limit_is_counted_again() -> None:
    story: t.Any = read(RAW + journal.dumped(journal.extended("later boot", 77.0)))
    assert (story.boot, story.deadline) == ("later boot", 77.0)
