# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that are not a daemon.json, each with the place of its fault. Data only: any test can feed them to anything."""

from __future__ import annotations

from typing import NamedTuple

# Stands in a text where the fault is expected; it is taken out.
MARK = "§"


class Malformed(NamedTuple):
    """A text, where its fault is (line and column from 1), and a word of the message."""

    group: str
    raw: bytes
    line: int
    column: int
    word: str

    @property
    def name(self) -> str:
        return f"{self.group}: {self.raw[:60]!r}"


def marked(group: str, word: str, *texts: str) -> list[Malformed]:
    """Cases from texts with a mark at the fault."""
    cases = []
    for text in texts:
        before, after = text.split(MARK)
        column = len(before.rpartition("\n")[2]) + 1
        cases.append(Malformed(group, (before + after).encode(), before.count("\n") + 1, column, word))
    return cases


def bad_bytes(word: str, before: bytes, bad: bytes, line: int, column: int) -> Malformed:
    return Malformed("not UTF-8", before + bad, line, column, word)


# The example of docker-mailserver's page on IPv6.
PAGE = '{\n  "ipv6": true,\n  "fixed-cidr-v6": "fd00:cafe:face:feed::/64"§,\n}\n'

MALFORMED: list[Malformed] = [
    *marked("too deep", "inside each other", '{"a": ' + "[" * 99 + "§[" + "[" * 5000),
    *marked("digits of other scripts", "not a JSON value", '{"a": §1\u0663}', '{"a": §\u0661}'),
    *marked(
        "trailing comma",
        "a comma before }",
        PAGE,
        PAGE.replace("\n", "\r\n"),
        '{"a": 1§,}',
        '{"a": {"b": 1§,}}',
        '{"a": 1§,\n\n}',
        '{"a": 1§ ,}'.replace("§ ", " §"),
        '{"a": {}§,}',
    ),
    *marked("trailing comma", "a comma before ]", '{"a": [1§,]}', '{"a": ["x", "y"§,\n]}'),
    *marked("comma too many", "double quotes", '{"a": 1,§, "b": 2}', '{§, "a": 1}', "{§,}", '{"a": 1,§5}'),
    *marked("comma too many", "not a JSON value", '{"a": [§, 1]}', '{"a": [1,§, 2]}', '{"a": §, "b": 1}'),
    *marked(
        "comma missing",
        "a comma or } is missing",
        '{"a": 1 §"b": 2}',
        '{\n  "a": 1\n  §"b": 2\n}',
        '{\r\n\t"a": "x"\r\n\t§"b": 2\r\n}',
        '{"a": true§"b": 1}',
        '{"a": {} §{}}',
        '{"a": 1§; "b": 2}',
    ),
    *marked("comma missing", "a comma or ] is missing", '{"a": [1 §2]}', '{"a": ["x"§"y"]}'),
    *marked(
        "colon",
        'colon is missing after "a"',
        '{"a" §1}',
        '{"a"§}',
        '{"a"§, "b": 1}',
        '{"a" §= 1}',
        '{"a"\n  §"b"}',
        '{"a" §=> 1}',
    ),
    *marked("colon", "not a JSON value", '{"a": §: 1}', '{"a":§: 1}', '{"a": §}', '{"a": §]}'),
    *marked(
        "key",
        "double quotes",
        "{§a: 1}",
        "{§'a': 1}",
        "{§1: 2}",
        "{§null: 1}",
        "{§{}: 1}",
        "{§[]}",
        '{"a": 1, §b: 2}',
        '{"a": {§b: 2}}',
        "{§`a`: 1}",
        "{§\u201ca\u201d: 1}",
    ),
    *marked("word", "'True'", '{"a": §True}', '{"a": [§True]}'),
    *marked("word", "'False'", '{"a": §False}'),
    *marked("word", "'None'", '{"a": §None}'),
    *marked("word", "'NaN'", '{"a": §NaN}'),
    *marked("word", "'Infinity'", '{"a": §Infinity}'),
    *marked("word", "'-Infinity'", '{"a": §-Infinity}'),
    *marked("word", "'TRUE'", '{"a": §TRUE}'),
    *marked("word", "'yes'", '{"a": §yes}'),
    *marked("word", "'undefined'", '{"a": §undefined}'),
    *marked("word", "'tru'", '{"a": §tru}'),
    *marked("word", "'truex'", '{"a": §truex}'),
    *marked("word", "'nulll'", '{"a": §nulll}'),
    *marked(
        "word",
        "not a JSON value",
        '{"a": §(1)}',
        '{"a": §<1>}',
        '{"a": §$x}',
        '{"a": §\u201cb\u201d}',
        '{"a": §`b`}',
        '{"a": §\\"b"}',
    ),
    *marked("single quotes", "'b'", "{\"a\": §'b'}", "{\"a\": [§'b']}"),
    *marked("number", "'01'", '{"a": §01}'),
    *marked("number", "'-01'", '{"a": §-01}'),
    *marked("number", "'+1'", '{"a": §+1}'),
    *marked("number", "'.5'", '{"a": §.5}'),
    *marked("number", "'0x1F'", '{"a": §0x1F}'),
    *marked("number", "'0b1'", '{"a": §0b1}'),
    *marked("number", "'1e'", '{"a": §1e}'),
    *marked("number", "'1e+'", '{"a": §1e+}'),
    *marked("number", "'-'", '{"a": §-}'),
    *marked("number", "'--1'", '{"a": §--1}'),
    *marked("number", "'10m'", '{"a": §10m}'),
    *marked(
        "number",
        "a comma or } is missing",
        '{"a": 1§.}',
        '{"a": 0§.}',
        '{"a": 1§.e3}',
        '{"a": 1§_000}',
        '{"a": 1§-2}',
        '{"a": 1 §m}',
    ),
    *marked("string", "Unterminated", '{"a": §"b}', '{"a": §"b\\"}', '{§"a: 1}', '{"a": [§"b]}'),
    *marked(
        "control character",
        "Invalid control character",
        '{"a": "b§\n"}',
        '{"a": "b§\r\n"}',
        '{"a": "b§\tc"}',
        '{"a": "§\x00"}',
        '{"a": "b§\x1f"}',
        '{"a§\n": 1}',
    ),
    *marked(
        "escape",
        "Invalid \\escape",
        '{"a": "§\\x41"}',
        '{"a": "b§\\\'"}',
        '{"a": "§\\ "}',
        '{"§\\a": 1}',
        '{"a": "C:§\\Docker"}',
    ),
    *marked("escape", "Invalid \\uXXXX escape", '{"a": "\\§u12G4"}', '{"a": "\\§u12"}', '{"a": "\\§u+123"}'),
    *marked(
        "white space that is none",
        "double quotes",
        '{§\x00"a": 1}',
        '{§\x0b"a": 1}',
        '{§\x0c"a": 1}',
        '{§\u00a0"a": 1}',
        '{§\u2028"a": 1}',
        '{§\ufeff"a": 1}',
    ),
    *marked("white space that is none", "not a JSON value", '{"a":§\u00a01}', '{"a": [§\u30001]}', "§\x00", "§\x0b{}"),
    *marked("white space that is none", "text after the end", "{}§\x00", "{}\n§\x1a", "{}§\u00a0"),
    *marked(
        "comment",
        "comment",
        "§// c\n{}",
        '{\n  §// c\n  "a": 1\n}',
        "§/* c */ {}",
        '{"a": 1 §/* c */}',
        "§# c\n{}",
        '{"a": 1} §// end',
        '{"a": 1}\n§# end\n',
        '{"a": 1, §# c\n "b": 2}',
        '{"a": §/* c */ 1}',
        '{"a"§/* c */: 1}',
        '{"a": [1, §// c\n 2]}',
        "{§// c\n}",
        '{\r\n\t"a": 1, §// c\r\n\t"b": 2\r\n}',
    ),
    *marked("comment", "not a JSON value", '{"a": §/b/}', '{"a": §-- c\n1}', "§<!-- c -->{}"),
    *marked("comment", "a comma or } is missing", '{"a": 1§; c\n}'),
    *marked(
        "several",
        "one object",
        "{} §{}",
        '{"a": 1}\n§{"b": 2}\n',
        "{}§}",
        '{"a": 1}§,',
        '{"a": 1} §x',
        "{}§]",
        '{"a": 1}, {"b": 2}'.replace(",", "§,"),
    ),
    *marked(
        "not an object",
        "must begin with {",
        "§[]",
        '§["a"]',
        '§"a"',
        "§1",
        "§-1.5e3",
        "§null",
        "§true",
        "\n  §[{}]",
        "\t§null\n",
    ),
    *marked(
        "not JSON",
        "not a JSON value",
        "§ipv6: true",
        "§---\nipv6: true",
        "§}",
        "§]",
        "§:",
        "§,",
        "§'a'",
        "§=",
        "§<json/>",
    ),
    *marked("not JSON", "a comma or ] is missing", "[ipv6]".replace("[", "§[").replace("§[ipv6]", "[1 §x]")),
    *marked(
        "truncated",
        "ends in the middle",
        "{§",
        '{"a":§',
        '{"a": §',
        '{"a": 1§',
        '{"a": 1,§',
        '{"a": [§',
        '{"a": [1§',
        '{"a": [1,§',
        '{"a": {§',
        '{"a": {}§',
        '{\n  "a": 1,\n§',
        "[§",
    ),
    *marked("truncated", "colon is missing", '{"a"§', '{"a" §'),
    *marked("brackets", "a comma or ] is missing", '{"a": [1§}}'),
    *marked("brackets", "a comma or } is missing", '{"a": {"b": 1§]}', '{"a": 1§]', '{"a": 1§)'),
    *marked(
        "twice",
        "second time",
        '{"a": 1, §"a": 2}',
        '{"a": 1, "b": 2, §"a": 1}',
        '{"a": {"b": 1, §"b": 1}}',
        '{"a": [{"b": 1, §"b": 2}]}',
        '{"a": 1, §"\\u0061": 2}',
        '{\n  "ipv6": true,\n  "log-opts": {},\n  §"ipv6": false\n}\n',
    ),
    bad_bytes("0xff", b'{"a": "', b'\xff"}', 1, 8),
    bad_bytes("0xe9", b'{"', b'\xe9": 1}', 1, 3),
    bad_bytes("0xff", b'\xef\xbb\xbf{"a": "', b'\xff"}', 1, 8),
    bad_bytes("0xff", b"", b"\xff\xfe{\x00}\x00", 1, 1),
    bad_bytes("0xfe", b"", b"\xfe\xff\x00{\x00}", 1, 1),
    bad_bytes("0xc3", b'{\n "a": "', b'\xc3("\n}', 2, 8),
    bad_bytes("0xc0", b"{}", b"\xc0\x80", 1, 3),
    bad_bytes("0xe2", b'{"a": "', b"\xe2\x82", 1, 8),
    bad_bytes("0xed", b'{"a": "', b'\xed\xa0\x80"}', 1, 8),
    bad_bytes("0x80", b'{"a": "ok"}\r\n', b"\x80", 2, 1),
    bad_bytes("0xb0", b'{\n\n  "label": "20 ', b'\xb0C"\n}', 3, 16),
]

# Cut off anywhere, this is refused, because it has no white space after its end.
SAMPLE = """{
  "ipv6": true,
  "labels": ["rack=Zürich", "a b"],
  "log-opts": {"max-size": "10m"},
\t"mtu": 1450, "features": {},
  "debug": false, "init": null}"""


def truncations() -> list[bytes]:
    """SAMPLE cut off after each of its bytes; a file without any byte is another matter."""
    raw = SAMPLE.encode()
    return [raw[:end] for end in range(1, len(raw))]
