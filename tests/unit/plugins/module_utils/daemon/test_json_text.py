# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""daemon.json: text to settings, and settings into the user's own text."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import malformed
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.malformed import MALFORMED, Malformed
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = "/etc/docker/daemon.json"


def load(raw: bytes) -> dict[str, t.Any]:
    return json_text.read(json_text.decode(raw, PATH), PATH)


def refusal(raw: bytes) -> str:
    with pytest.raises(Refused) as reason:
        load(raw)
    return str(reason.value)


# --- what is refused


@pytest.mark.parametrize("case", [pytest.param(one, id=f"{index}-{one.name}") for index, one in enumerate(MALFORMED)])
def test_malformed_is_refused_with_its_place(case: Malformed) -> None:
    text = refusal(case.raw)
    assert text.startswith(f"{PATH}: line {case.line}, column {case.column}: ")
    assert case.word in text
    assert text.endswith(" Correct the file; it was not changed.")


# Strings and words of the sample; what is cut off within one of them is faulty from its beginning.
TOKENS = [(one.start(), one.end()) for one in re.finditer(r'"[^"]*"|[a-z]+', malformed.SAMPLE)]


def cut_at(raw: bytes) -> tuple[int, int]:
    """Line and column (from 1) of the fault in a text that is cut off."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        text = raw[: error.start].decode()
        at = len(text)
    else:
        at = next((start for start, end in TOKENS if start < len(text) < end), len(text))
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


@pytest.mark.parametrize("raw", malformed.truncations())
def test_truncated_anywhere_is_refused_with_its_place(raw: bytes) -> None:
    line, column = cut_at(raw)
    assert refusal(raw).startswith(f"{PATH}: line {line}, column {column}: ")


def test_sample_is_fine_when_whole() -> None:
    assert load(malformed.SAMPLE.encode()) == json.loads(malformed.SAMPLE)


# --- what is accepted


def nested(depth: int) -> list[t.Any]:
    return [nested(depth - 1)] if depth > 1 else []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", {}),
        (b" \t\r\n", {}),
        (b"{}", {}),
        (b"{ }\n", {}),
        (b"\n\n{\n}\n\n", {}),
        (b"\xef\xbb\xbf{}", {}),
        (b'\xef\xbb\xbf{"a": 1}\n', {"a": 1}),
        (b'{\r\n\t"a": 1\r\n}\r\n', {"a": 1}),
        (b'{"a":1,"b":[1,2.5,-0.1e-3],"c":{"d":null}}', {"a": 1, "b": [1, 2.5, -0.0001], "c": {"d": None}}),
        (b'{"a": [], "b": {}, "c": [ ], "d": { }}', {"a": [], "b": {}, "c": [], "d": {}}),
        (b'{"": ""}', {"": ""}),
        (b'{"a": "\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00"}', {"a": '"\\/\b\f\n\r\tA\U0001f600'}),
        ('{"a": "Zürich // no comment", "#b": "/* no */"}'.encode(), {"a": "Zürich // no comment", "#b": "/* no */"}),
        (b'{"a": 12345678901234567890123, "b": -0, "c": 0}', {"a": 12345678901234567890123, "b": 0, "c": 0}),
        # Longer than Python takes for a number; not a real setting, and it must not end in a traceback.
        (b'{"a": ' + b"1" * 5000 + b"}", {"a": "1" * 5000}),
        (b'{"a": ' + b"[" * 99 + b"]" * 99 + b"}", {"a": nested(99)}),
        (b'{"a": 1.50, "b": 1E5, "c": 1e+2}', {"a": 1.5, "b": 100000.0, "c": 100.0}),
        (b'{"a": {"a": {"a": 1}}}', {"a": {"a": {"a": 1}}}),
        (b'{"a": [{"b": 1}, {"b": 2}], "A": 3}', {"a": [{"b": 1}, {"b": 2}], "A": 3}),
    ],
)
def test_well_formed_is_read(raw: bytes, expected: dict[str, t.Any]) -> None:
    assert load(raw) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=5)
INDENTS: list[t.Any] = [2, 4, 8, "\t", None]


@given(wanted=OBJECTS, indent=st.sampled_from(INDENTS), ascii_only=st.booleans())
def test_reads_what_python_reads(wanted: dict[str, t.Any], indent: t.Any, ascii_only: bool) -> None:
    text = json.dumps(wanted, indent=indent, ensure_ascii=ascii_only)
    assert json_text.same(json_text.read(text, PATH), json.loads(text))


@given(raw=st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        assert isinstance(load(raw), dict)
    except Refused as reason:
        assert re.match(rf"{PATH}: line \d+, column \d+: ", str(reason))


# --- equality and merging


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (True, 1, False),
        (False, 0, False),
        (1, 1.0, False),
        (None, False, False),
        ("1", 1, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ([True], [1], False),
        ({"a": True}, {"a": 1}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([{"a": [1]}], [{"a": [1]}], True),
        (float("inf"), float("inf"), True),
    ],
)
def test_same(left: t.Any, right: t.Any, expected: bool) -> None:
    assert json_text.same(left, right) is expected
    assert json_text.same(right, left) is expected


@pytest.mark.parametrize(
    ("found", "config", "absent", "expected"),
    [
        ({}, {"ipv6": True}, [], {"ipv6": True}),
        ({"a": 1}, {}, [], {"a": 1}),
        (
            {"log-opts": {"max-size": "1m"}},
            {"log-opts": {"max-file": "3"}},
            [],
            {"log-opts": {"max-size": "1m", "max-file": "3"}},
        ),
        ({"dns": ["fd00::1"]}, {"dns": ["fd00::2"]}, [], {"dns": ["fd00::2"]}),
        ({"a": {"b": 1}}, {"a": 1}, [], {"a": 1}),
        ({"a": 1}, {"a": {"b": 1}}, [], {"a": {"b": 1}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"d": 2}}}, [], {"a": {"b": {"c": 1, "d": 2}}}),
        ({"a": 1, "b": 2}, {}, ["a"], {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {}, ["a.b"], {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {}, ["a.b"], {"a": {}}),
        ({"a": 1}, {}, ["x", "a.b", "x.y"], {"a": 1}),
        ({"a.b": 1, "a": {"b": 2}}, {}, ["a.b"], {"a": {"b": 2}}),
        ({"a": 1}, {"a": 2}, ["a"], {}),
        ({"a": {"com.docker.x": 1}}, {}, ["a.com.docker.x"], {"a": {}}),
    ],
)
def test_merge(found: t.Any, config: t.Any, absent: list[str], expected: t.Any) -> None:
    before = json.dumps(found)
    assert json_text.merge(found, config, absent) == expected
    assert json.dumps(found) == before


@given(found=OBJECTS, config=OBJECTS)
def test_merge_is_idempotent(found: dict[str, t.Any], config: dict[str, t.Any]) -> None:
    once = json_text.merge(found, config)
    assert json_text.same(json_text.merge(once, config), once)


# --- edits, text by text


@pytest.mark.parametrize(
    ("text", "config", "absent", "expected"),
    [
        ("", {"ipv6": True}, [], '{\n  "ipv6": true\n}\n'),
        (" \n", {"ipv6": True}, [], '{\n  "ipv6": true\n}\n'),
        ("{}", {"ipv6": True}, [], '{\n  "ipv6": true\n}'),
        ("{}\n", {"a": 1, "b": {"c": 2}}, [], '{\n  "a": 1,\n  "b": {\n    "c": 2\n  }\n}\n'),
        ('{"a": 1}', {"b": 2}, [], '{"a": 1, "b": 2}'),
        ('{\n  "a": 1\n}\n', {"b": 2}, [], '{\n  "a": 1,\n  "b": 2\n}\n'),
        ('{\n    "a": 1\n}\n', {"b": [1]}, [], '{\n    "a": 1,\n    "b": [\n        1\n    ]\n}\n'),
        ('{\n\t"a": 1\n}', {"b": {"c": 2}}, [], '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 2\n\t}\n}'),
        ('{\r\n  "a": 1\r\n}\r\n', {"b": {"c": 2}}, [], '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": 2\r\n  }\r\n}\r\n'),
        ('{"a" : 1 ,"b":2}', {"a": 3}, [], '{"a" : 3 ,"b":2}'),
        ('{"a": 1.50, "b": 2}', {"b": True}, [], '{"a": 1.50, "b": true}'),
        ('{"a": {"b": 1, "c": 2}}', {"a": {"c": 3}}, [], '{"a": {"b": 1, "c": 3}}'),
        ('{"a": {}}', {"a": {"c": 3}}, [], '{"a": {\n    "c": 3\n  }}'),
        ('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n', {}, ["a"], '{\n  "b": 2,\n  "c": 3\n}\n'),
        ('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n', {}, ["b"], '{\n  "a": 1,\n  "c": 3\n}\n'),
        ('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n', {}, ["c"], '{\n  "a": 1,\n  "b": 2\n}\n'),
        ('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n', {}, ["b", "c"], '{\n  "a": 1\n}\n'),
        ('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n', {"d": 4}, ["c"], '{\n  "a": 1,\n  "b": 2,\n  "d": 4\n}\n'),
        ('{"a": 1}', {}, ["a"], "{}"),
        ('{"a": 1, "b": 2}', {}, ["a", "b"], "{}"),
        ('{"a": {"b": 1, "c": 2}, "d": 3}', {}, ["a.b"], '{"a": {"c": 2}, "d": 3}'),
        ('{"a": "x,y", "b": [1, 2]}', {}, ["a"], '{"b": [1, 2]}'),
        ('{"é": "Zürich"}', {"b": "Köln"}, [], '{"é": "Zürich", "b": "Köln"}'),
    ],
)
def test_edit(text: str, config: t.Any, absent: list[str], expected: str) -> None:
    wanted = json_text.merge(json_text.read(text, PATH), config, absent)
    assert json_text.edit(text, wanted, PATH) == expected


def test_malformed_text_is_not_edited() -> None:
    with pytest.raises(Refused, match="a comma before }"):
        json_text.edit('{"a": 1,}', {"ipv6": True}, PATH)


# --- edits, in general

LITERALS = [
    "12345678901234567890123",
    "1.50",
    "1e400",
    "-0.0",
    "1E+5",
    '"\\u0041\\/"',
    "[1,  2 ]",
    '{ "x" :1.10 }',
    "[ ]",
    "null",
    '"a,}b"',
    "true",
]
BLANKS = st.sampled_from(["", " ", "\t", "\n", "\r\n  ", "  \n\t"])
KEYS = st.text("abcdefgä-.", min_size=1, max_size=6)


class Foreign(t.NamedTuple):
    """A file in the user's own hand: its text, and each member's text."""

    text: str
    members: list[str]


@st.composite
def foreign_files(draw: t.Any) -> Foreign:
    keys = draw(st.lists(KEYS, min_size=1, max_size=5, unique=True))
    members = [f'"{key}"{draw(BLANKS)}:{draw(BLANKS)}{draw(st.sampled_from(LITERALS))}' for key in keys]
    body = ",".join(f"{draw(BLANKS)}{member}{draw(BLANKS)}" for member in members)
    return Foreign(f"{draw(BLANKS)}{{{body}}}{draw(BLANKS)}", members)


OURS = st.dictionaries(st.sampled_from(["ip6tables", "experimental", "userland-proxy", "log-opts"]), JSON, min_size=1)


@given(file=foreign_files(), ours=OURS)
def test_edit_gives_what_is_wanted_and_leaves_the_rest(file: Foreign, ours: dict[str, t.Any]) -> None:
    found = json_text.read(file.text, PATH)
    wanted = json_text.merge(found, ours)
    result = json_text.edit(file.text, wanted, PATH)
    assert json_text.same(json_text.read(result, PATH), wanted)
    assert list(json_text.read(result, PATH)) == [*found, *ours]
    at = 0
    for member in file.members:
        at = result.index(member, at) + len(member)


@given(file=foreign_files(), ours=OURS)
def test_taking_back_what_was_added_gives_the_old_text(file: Foreign, ours: dict[str, t.Any]) -> None:
    found = json_text.read(file.text, PATH)
    result = json_text.edit(file.text, json_text.merge(found, ours), PATH)
    assert json_text.edit(result, found, PATH) == file.text


@given(file=foreign_files())
def test_edit_to_the_same_changes_no_byte(file: Foreign) -> None:
    assert json_text.edit(file.text, json_text.read(file.text, PATH), PATH) == file.text


@settings(max_examples=200)
@given(found=OBJECTS, wanted=OBJECTS, indent=st.sampled_from(INDENTS), newline=st.sampled_from(["\n", "\r\n"]))
def test_edit_to_anything(found: t.Any, wanted: t.Any, indent: t.Any, newline: str) -> None:
    text = json.dumps(found, indent=indent).replace("\n", newline)
    result = json_text.edit(text, wanted, PATH)
    assert json_text.same(json_text.read(result, PATH), wanted)
    assert json_text.edit(result, wanted, PATH) == result


@given(
    found=st.dictionaries(KEYS, JSON, min_size=1, max_size=4),
    ours=OURS,
    indent=st.sampled_from(INDENTS),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_edit_writes_as_the_user_does(found: t.Any, ours: t.Any, indent: t.Any, newline: str) -> None:
    """A file that is laid out as json.dumps does it keeps that layout: indentation, line ends, one line."""
    before = json.dumps(found, indent=indent, ensure_ascii=False).replace("\n", newline)
    result = json_text.edit(before, {**found, **ours}, PATH)
    if indent is not None:
        expected = json.dumps({**found, **ours}, indent=indent, ensure_ascii=False)
        assert result == expected.replace("\n", newline)
    if newline == "\r\n":
        assert result.count("\n") == result.count("\r\n") or indent is None
