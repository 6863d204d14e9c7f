# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gai.conf: what glibc makes of a file, and our lines in it and out of it."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.host import gai_conf
from ansible_collections.dms.ipv6.plugins.module_utils.host.gai_conf import LABEL, PATH, PRECEDENCE, TAG, Wanted
from hypothesis import given
from hypothesis import strategies as st

ULA = "fd5c:1ab0:7e57:1::/64"
OTHER = "fd77::/48"
# Python 3.13 writes the IPv4 address in them with dots.
MAPPED = str(ipaddress.IPv6Network("::ffff:0:0/96"))
MAPPED_TEN = str(ipaddress.IPv6Network("::ffff:a00:0/104"))
MINE = gai_conf.wanted([ULA])
SEVEN = gai_conf.wanted(["fc00::/7"])
BOTH = gai_conf.wanted([ULA], True)
# As Debian ships it: comments, the last of them not even at the beginning of a line.
SHIPPED = "# Configuration for getaddrinfo(3).\n#\n#label ::1/128       0\n#label ::/0          1\n\n   # scopev4\n"
HEAD = gai_conf.HEAD + TAG


def row(kind: str, prefix: str, value: int) -> str:
    return f"{kind} {prefix:<24} {value:<2} {TAG}"


def table(kind: str) -> list[str]:
    return [row(kind, prefix, value) for prefix, value in gai_conf.ROWS[kind]]


LABELS = [HEAD, *table(LABEL), row(LABEL, ULA, 1)]
PRECEDENCES = [*table(PRECEDENCE), row(PRECEDENCE, ULA, 45)]


def plan(text: str | None, asked: Wanted = MINE, known: t.Collection[str] = ()) -> Plan:
    """The plan, and that there is nothing left to do once it was carried out."""
    raw = None if text is None else gai_conf.encode(text)
    made = gai_conf.plan(PATH, raw, asked, known)
    assert made.before == gai_conf.shown(text or "")
    if made.changed:
        (step,) = made.steps
        assert isinstance(step, gai_conf.WriteGaiConf)
        assert (step.path, step.old, step.invertible) == (PATH, raw, True)
        assert made.after == gai_conf.shown(gai_conf.decode(step.content))
        again = gai_conf.plan(PATH, step.content, asked, step.lines)
        assert (again.changed, again.warnings) == (False, made.warnings)
    return made


def after(text: str | None, asked: Wanted = MINE, known: t.Collection[str] = ()) -> str:
    made = plan(text, asked, known)
    return made.steps[0].content.decode() if made.changed else (text or "")  # type: ignore[attr-defined]


def join(*parts: str | list[str], end: str = "\n") -> str:
    return "".join(part if isinstance(part, str) else "".join(line + end for line in part) for part in parts)


# --- our lines in files of others


def test_lines_are_the_same_with_every_python() -> None:
    """A host whose Python was replaced by a newer one is as wanted still."""
    assert [" ".join(line.split()[:3]) for line in after("", BOTH).splitlines()[1:]] == [
        "label ::1/128 0",
        "label ::/0 1",
        "label 2002::/16 2",
        "label ::/96 3",
        "label ::ffff:0:0/96 4",
        "label fec0::/10 5",
        "label fc00::/7 6",
        "label 2001::/32 7",
        f"label {ULA} 1",
        "precedence ::1/128 50",
        "precedence ::/0 40",
        "precedence 2002::/16 30",
        "precedence ::/96 20",
        "precedence ::ffff:0:0/96 10",
        f"precedence {ULA} 45",
    ]


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        (None, MINE, join(LABELS)),
        ("", MINE, join(LABELS)),
        (SHIPPED, MINE, join(SHIPPED, LABELS)),
        (SHIPPED, BOTH, join(SHIPPED, LABELS, PRECEDENCES)),
        # Every prefix, in one order, each once; those that are not a ULA need no line.
        (
            "",
            gai_conf.wanted([OTHER, ULA, OTHER, "2001:2::/48"]),
            join([HEAD, *table(LABEL), row(LABEL, ULA, 1), row(LABEL, OTHER, 1)]),
        ),
        (SHIPPED, gai_conf.wanted(["2001:2::/48"], True), SHIPPED),
        (None, gai_conf.wanted(["2001:2::/48"]), ""),
        # A prefix that glibc's table has: its row there gives way.
        ("", SEVEN, join([one for one in LABELS[:-1] if "fc00::/7" not in one], [row(LABEL, "fc00::/7", 1)])),
        # The last line has no end.
        ("reload no", MINE, join("reload no\n", LABELS)),
        ("#a\r\n#b\r\n", MINE, join("#a\r\n#b\r\n", join(LABELS, end="\r\n"))),
        ("#a\r\nreload no", MINE, join("#a\r\nreload no\r\n", join(LABELS, end="\r\n"))),
        # A table of the administrator's own: only what is missing, with the rank that global addresses have there.
        ("label fc00::/7 6\n", MINE, join("label fc00::/7 6\n", [HEAD, row(LABEL, ULA, 1)])),
        (
            "label ::/0 4\nlabel fc00::/7 6\n",
            MINE,
            join("label ::/0 4\nlabel fc00::/7 6\n", [HEAD, row(LABEL, ULA, 4)]),
        ),
        (
            "label 2000::/3 9\nlabel fc00::/7 6\n",
            MINE,
            join("label 2000::/3 9\nlabel fc00::/7 6\n", [HEAD, row(LABEL, ULA, 9)]),
        ),
        # It says so already: by the prefix, by a shorter one, by leaving ULAs out.
        (f"label {ULA} 1\n", MINE, f"label {ULA} 1\n"),
        ("label fd00::/8 1\nlabel fc00::/7 6\n", MINE, "label fd00::/8 1\nlabel fc00::/7 6\n"),
        ("label ::1/128 0\n", MINE, "label ::1/128 0\n"),
        # The first of two lines for one prefix counts.
        ("label fd00::/8 1\nlabel fd00::/8 6\n", MINE, "label fd00::/8 1\nlabel fd00::/8 6\n"),
        (
            "label fd00::/8 6\nlabel fd00::/8 1\n",
            MINE,
            join("label fd00::/8 6\nlabel fd00::/8 1\n", [HEAD, row(LABEL, ULA, 1)]),
        ),
        # Each table by itself.
        ("precedence ::ffff:0:0/96 100\n", MINE, join("precedence ::ffff:0:0/96 100\n", LABELS)),
        ("precedence ::1/128 50\n", BOTH, join("precedence ::1/128 50\n", LABELS, [row(PRECEDENCE, ULA, 45)])),
        (
            "precedence ::/0 60\nlabel fd00::/8 1\n",
            BOTH,
            join("precedence ::/0 60\nlabel fd00::/8 1\n", [HEAD, row(PRECEDENCE, ULA, 65)]),
        ),
        (f"precedence {ULA} 41\n", BOTH, join(f"precedence {ULA} 41\n", LABELS)),
        (
            "precedence ::/0 2147483644\n",
            BOTH,
            join("precedence ::/0 2147483644\n", LABELS, [row(PRECEDENCE, ULA, 2147483647)]),
        ),
    ],
)  # fmt: skip
def test_lines_in_a_file(text: str | None, asked: Wanted, expected: str) -> None:
    assert after(text, asked) == expected


def test_lines_of_an_earlier_run() -> None:
    """They stay where they were moved; other prefixes go, and so do all of them once nothing is wanted any more."""
    moved = join("#a\n", LABELS, "#b\n")
    assert after(moved) == moved
    assert after(moved, gai_conf.wanted([OTHER])) == join("#a\n", [*LABELS[:-1], row(LABEL, OTHER, 1)], "#b\n")
    assert after(moved, BOTH) == join("#a\n", LABELS, PRECEDENCES, "#b\n")
    assert after(join("#a\n", LABELS, PRECEDENCES, "#b\n")) == moved
    gone = plan(join("label fd00::/8 1\n", LABELS))
    assert gone.sentences() == [f"write {PATH}: without lines that are no longer needed"]
    assert gone.after == "label fd00::/8 1\n"
    # What is between them is not ours.
    assert after(join(LABELS[:3], "#mine\n", LABELS[3:]), BOTH) == join(LABELS, PRECEDENCES, "#mine\n")
    # A last line without an end before which ours stand changes nothing.
    assert after(join(LABELS[:3], "#mine"), MINE) == join(LABELS, "#mine")


def test_who_adds_to_the_table_counts_on_it() -> None:
    """The table stays, except the rows that the user has too; it goes with us, and a warning says so."""
    text = join(LABELS, "label fd77::/48 3\n")
    assert after(text, known=LABELS) == text
    assert after(text, gai_conf.wanted([ULA, "fd99::/48"]), LABELS) == join(
        LABELS, [row(LABEL, "fd99::/48", 1)], "label fd77::/48 3\n"
    )
    assert after(join(LABELS, "label 2002::/16 1\n"), known=LABELS) == join(
        [one for one in LABELS if "2002::" not in one], "label 2002::/16 1\n"
    )
    words = f"{PATH}:11: the label line there stays, and replaces glibc's whole table from now on"
    assert gai_conf.left_alone(text, PATH, LABELS) == words
    assert gai_conf.left_alone(join(LABELS, "nonsense\n"), PATH, LABELS) == ""
    assert gai_conf.left_alone(join("label fc00::/7 6\n", [LABELS[-1]]), PATH, ()) == ""
    assert gai_conf.left_alone(join(LABELS), PATH, LABELS) == ""


def test_a_line_of_ours_that_was_edited_is_the_users() -> None:
    edited = join(LABELS).replace(row(LABEL, ULA, 1), row(LABEL, ULA, 6))
    with pytest.raises(Refused, match=rf"^{PATH}:10: `label {ULA} 6` is the contrary of `label {ULA} 1`"):
        plan(edited, known=LABELS)
    # With the record lost that is unknown.
    assert after(edited) == join(LABELS)
    assert gai_conf.tagged(edited, LABELS)
    assert not gai_conf.tagged(edited, ()) and not gai_conf.tagged(join(LABELS), LABELS)


@pytest.mark.parametrize(
    ("text", "asked", "where", "words"),
    [
        (f"label {ULA} 6\n", MINE, 1, f"`label {ULA} 6` is the contrary of `label {ULA} 1`, which is wanted. Remove"),
        ("#\n\nlabel fd5c:1ab0:7e57:1::5/128 3\n", MINE, 3, "`label fd5c:1ab0:7e57:1::5/128 3` is the contrary of"),
        (f"precedence {ULA} 40\n", BOTH, 1, f"`precedence {ULA} 40` is the contrary of `precedence {ULA} 45`, which"),
    ],
)
def test_contrary_lines_are_refused(text: str, asked: Wanted, where: int, words: str) -> None:
    with pytest.raises(Refused) as refused:
        plan(text, asked)
    assert str(refused.value).startswith(f"{PATH}:{where}: {words}")
    assert str(refused.value).endswith("Nothing was changed.")


@pytest.mark.parametrize(
    ("text", "asked", "line"),
    [
        ("precedence fd00::/8 45\n", MINE, 1),
        ("#\nprecedence ::ffff:0:0/96 100\n", MINE, 2),
        ("precedence ::ffff:0:0/96 40\n", BOTH, 1),
        ("precedence ::/0 40\nprecedence ::1/128 50\nprecedence ::ffff:0:0/96 10\n", MINE, 0),
        (SHIPPED, BOTH, 0),
    ],
)
def test_damage_to_localhost_is_named(text: str, asked: Wanted, line: int) -> None:
    words = (
        f"{PATH}:{line}: the precedence lines there replace glibc's whole table, and with them localhost is"
        " 127.0.0.1 before ::1"
    )
    assert plan(text, asked).warnings == ((words,) if line else ())


def test_sentence() -> None:
    asked = gai_conf.wanted([ULA, OTHER])
    assert plan("", asked).sentences() == [f"write {PATH}: new processes try IPv6 first from {ULA}, {OTHER}"]


@pytest.mark.parametrize(
    ("prefixes", "words"),
    [
        (["fd00::1/64"], "prefixes: fd00::1/64 has host bits set. Give a CIDR such as"),
        (["10.0.0.0/8"], "prefixes: "),
        (["mail"], "prefixes: "),
        ([""], "prefixes: "),
        (["fe80::/10"], "prefixes: fe80::/10 is neither a ULA nor global. Give"),
        (["::/0"], "prefixes: ::/0 is neither"),
        ([ULA, MAPPED], f"prefixes: {MAPPED} is neither"),
    ],
)
def test_prefixes_that_are_none(prefixes: list[str], words: str) -> None:
    with pytest.raises(Refused) as refused:
        gai_conf.wanted(prefixes)
    assert str(refused.value).startswith(words)


# --- what glibc makes of a file


def tables(text: str) -> dict[str, list[tuple[str, int, int]]]:
    found = gai_conf.read(text, PATH)
    return {kind: [(str(one.prefix), one.value, one.line) for one in found.own(kind)] for kind in (LABEL, PRECEDENCE)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ([], [])),
        (SHIPPED, ([], [])),
        ("label fd00::/8 1", ([("fd00::/8", 1, 1)], [])),
        ("\n \t label\tfd00::/8 \v 1\r\n", ([("fd00::/8", 1, 2)], [])),
        ("label fd00::/8 1# comment", ([("fd00::/8", 1, 1)], [])),
        ("label fd00::/8 1 and more, which glibc leaves out", ([("fd00::/8", 1, 1)], [])),
        ("label 0:0:0:0:0:ffff:10.0.0.0/104 07", ([(MAPPED_TEN, 7, 1)], [])),
        # Bits behind the length count for nothing.
        ("label fd00::1/8 2147483647", ([("fd00::/8", 2147483647, 1)], [])),
        ("label 2001:0::/32 7\nprecedence ::/0 0", ([("2001::/32", 7, 1)], [("::/0", 0, 2)])),
        # A lone carriage return is a blank, no end of a line.
        ("label fd00::/8\r1\rlabel ::/0 1", ([("fd00::/8", 1, 1)], [])),
        ("reload yes\nreload no more", ([], [])),
        ("scopev4 ::ffff:169.254.0.0/112 2\nscopev4 10.0.0.0/8 14\nscopev4 0.0.0.0/0 5", ([], [])),
        ("# \udcff\udc00 \0 \u2028 label\n#\x0c", ([], [])),
    ],
)  # fmt: skip
def test_read(text: str, expected: t.Any) -> None:
    found = tables(text)
    assert (found[LABEL], found[PRECEDENCE]) == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lable fd00::/8 1", "there is no such word as lable; there are label, precedence, scopev4, reload"),
        ("Label fd00::/8 1", "there is no such word as Label"),
        ("\ufefflabel fd00::/8 1", "there is no such word as ?label"),
        ("sortv4 yes", "there is no such word as sortv4"),
        ("label\xa0fd00::/8 1", "there is no such word as label?fd00::/8"),
        ("=", "there is no such word as ="),
        ("label", "label takes a prefix and a number"),
        ("label fd00::/8", "label takes a prefix and a number"),
        ("label fd00::/8 #1", "label takes a prefix and a number"),
        ("precedence 45", "precedence takes a prefix and a number"),
        ("scopev4 10.0.0.0/8", "scopev4 takes a prefix and a number"),
        ("label fd00:: 1", "fd00:: has no prefix length, without which glibc reads memory that was never set"),
        ("label fd00::/129 1", "129 is not a prefix length from 0 to 128"),
        ("label fd00::/ 1", " is not a prefix length"),
        ("label fd00::/+8 1", "+8 is not a prefix length"),
        ("label fd00::/-8 1", "-8 is not a prefix length"),
        ("label fd00::/8/9 1", "8/9 is not a prefix length"),
        ("label fd00::/0x8 1", "0x8 is not a prefix length"),
        ("label fd00::/\u0668 1", "\u0668 is not a prefix length"),
        ("label fd00::/8 one", "one is not a whole number from 0 to 2147483647"),
        ("label fd00::/8 -1", "-1 is not a whole number"),
        ("label fd00::/8 +1", "+1 is not a whole number"),
        ("label fd00::/8 1.5", "1.5 is not a whole number"),
        ("label fd00::/8 2147483648", "2147483648 is not a whole number"),
        ("label fd00::/8 99999999999999999999", "99999999999999999999 is not a whole number"),
        ("label 10.0.0.0/8 1", "10.0.0.0 is not an IPv6 address"),
        ("label fd00:/8 1", "fd00: is not an IPv6 address"),
        ("label fe80::1%eth0/128 1", "fe80::1%eth0 "),
        ("label fd00\0::/8 1", "fd00?:: is not an IPv6 address"),
        ("precedence localhost 50", "localhost is not an IPv6 address"),
        ("reload", "reload is yes or no, and anything else means no to glibc"),
        ("reload YES", "reload is yes or no"),
        ("scopev4 fd00::/8 2", "fd00::/8 is not a prefix of IPv4 addresses"),
        ("scopev4 ::ffff:10.0.0.0/95 2", "is not a prefix of IPv4 addresses"),
        ("scopev4 ::ffff:10.0.0.0 2", "has no prefix length"),
        ("scopev4 10.0.0.0 2", "10.0.0.0 has no prefix length from 0 to 32"),
        ("scopev4 10.0.0.0/33 2", "10.0.0.0/33 has no prefix length"),
        ("scopev4 10.0.0/8 2", "Expected 4 octets"),
        ("scopev4 10.0.0.256/8 2", "not permitted"),
        ("scopev4 mail/8 2", "mail is not an IPv6 address"),
        ("scopev4 10.0.0.0/8 x", "x is not a whole number"),
    ],
)
def test_lines_that_are_refused(line: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        plan(f"# first\n{line}\nlabel ::/0 1\n")
    said = str(refused.value)
    assert said.startswith(f"{PATH}:2: `")
    assert words in said
    assert said.endswith("Correct or remove the line. Nothing was changed.")
    assert said.isprintable()


def test_rank_of_a_prefix() -> None:
    found = gai_conf.read("label fd00::/8 8\nprecedence fd00::/8 8\n", PATH)
    for text, label, precedence in ((ULA, 8, 8), ("fc00::/64", 1, 40), ("2000::/3", 1, 40), ("::1/128", 1, 40)):
        prefix = ipaddress.IPv6Network(text)
        assert (found.value(LABEL, prefix), found.value(PRECEDENCE, prefix)) == (label, precedence)
    default = gai_conf.Tables()
    for text, label, precedence in (
        (ULA, 6, 40),
        ("2000::/3", 1, 40),
        ("2001::/48", 7, 40),
        ("::1/128", 0, 50),
        ("::ffff:127.0.0.1/128", 4, 10),
        ("2002:a::/48", 2, 30),
        ("fec0::/64", 5, 40),
        ("::a/128", 3, 20),
    ):
        prefix = ipaddress.IPv6Network(text)
        assert (default.value(LABEL, prefix), default.value(PRECEDENCE, prefix)) == (label, precedence)


# --- there and back

PARTS = st.sampled_from(
    [
        "# comment", "", "  ", "label fc00::/7 6", "label ::/0 1  # mine", "\tprecedence ::1/128 50", "reload no",
        "scopev4 ::ffff:0.0.0.0/96 14", "label fd77::/48 1", "label 2002::/16 2\r", "#\udcff",
    ]
)  # fmt: skip


@given(st.lists(PARTS), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_there_and_back(parts: list[str], end: str, ended: bool, precedence: bool) -> None:
    """Nothing of others is lost or moved, ours go without a trace except a last line's end, and the table holds."""
    text = end.join(parts) + (end if ended and parts else "")
    made = plan(text, gai_conf.wanted([ULA, OTHER], precedence))
    content = made.steps[0].content if made.changed else gai_conf.encode(text)  # type: ignore[attr-defined]
    done = gai_conf.decode(content)
    assert gai_conf.without(done) in (text, text + "\n", text + "\r\n")
    before, now = gai_conf.read(text, PATH), gai_conf.read(done, PATH)
    for prefix in (ULA, OTHER):
        assert now.value(LABEL, ipaddress.IPv6Network(prefix)) == before.value(LABEL, gai_conf.GLOBAL)
    for kind in (LABEL, PRECEDENCE):
        for other in (
            "::1/128",
            "2000::/3",
            "2002::/48",
            "fc00::/64",
            "fd99::/48",
            "::ffff:10.0.0.1/128",
            "2001::1/128",
        ):
            assert now.value(kind, ipaddress.IPv6Network(other)) == before.value(kind, ipaddress.IPv6Network(other))
