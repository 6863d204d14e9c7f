# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible shows with ``--diff``: the lines that change, and no secret in them. Callbacks and logs keep results.

A file is looked at line by line, as YAML and as JSON at once, and rather too much is hidden than too little: behind a
word that names a secret the rest of the line, and all that is nested below it.
"""

from __future__ import annotations

import difflib
import re
import typing as t

if t.TYPE_CHECKING:
    from .plan import Plan

MASK = "***"
# A name behind which something secret may stand; an anchor, because its value may be used below such a name; and an
# escape in quotes, because it may spell such a name.
SECRET = re.compile(
    r"pass|pwd|token|secret|key|cred|auth|dsn|salt|bearer|private|cookie|signature|webhook"
    r"|(?<![a-z])env|(?<![a-z])(?:args|command|entrypoint|healthcheck|content)\b"
    r"|(?:^|(?<=[\s\[{,:]))&(?=\S)|\\[xu]",
    re.IGNORECASE,
)
# Greedy: a password may have an @ in it.
USERINFO = re.compile(r"://[^\s\"'<>]*@")
NOTHING = re.compile(r"[\s\"':,=?|>+\-0-9]*")
# Below these stand names of a Compose file's own: a service may be called keycloak.
NAMED = re.compile(r"(?:services|networks):\s*")
NAME = re.compile(r"[\w.-]+:\s*")
OPENS, CLOSES = "[{", "]}"
# A quote opens a string only where a value may begin.
BEFORE_VALUE = " \t[{,:"
# What a program says of a file: what it cites from it.
CITED = re.compile(
    r"\bnear\b|variable name|interpolation format|\bcontains\b|\bparsing\b|\binvalid\b[\w -]*[:\"]", re.IGNORECASE
)
QUOTED = re.compile(r"\"[^\"]*[^\"\w./@-][^\"]*\"")


def changed(before: str, after: str, header: str) -> dict[str, str]:
    """The lines that differ, as a value of ``diff``; empty if none does."""
    old, new = before.split("\n"), after.split("\n")
    shown_old, shown_new = masked(before), masked(after)
    lines = []
    for kind, old1, old2, new1, new2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            lines.append(f"@@ -{_range(old1, old2)} +{_range(new1, new2)} @@")
            lines += [f"-{text}" for text in shown_old[old1:old2]]
            lines += [f"+{text}" for text in shown_new[new1:new2]]
    title = [f"--- before: {header}", f"+++ after: {header}"]
    return {"prepared": "\n".join([*title, *lines, ""])} if lines else {}


def of(plan: Plan, header: str) -> dict[str, str]:
    """What a plan changes."""
    return changed(plan.before, plan.after, header)


def _range(start: int, end: int) -> str:
    """Lines as a unified diff names them."""
    count = end - start
    return str(start + 1) if count == 1 else f"{start + 1 if count else start},{count}"


def masked(text: str) -> list[str]:
    """The lines of a text without the values that look like secrets."""
    hidden = _Hidden()
    return [_printable(hidden.line(line.rstrip("\r"))) for line in text.split("\n")]


def cited(said: str) -> str:
    """What a program says of a file that it was given, in one line, without what it cites from it."""
    found = CITED.search(said)
    said = f"{said[: found.end()]} {MASK}" if found else said
    return _printable(without_userinfo(QUOTED.sub(f'"{MASK}"', said)))


def without_userinfo(said: str) -> str:
    """A text without the names and passwords of its URLs."""
    return USERINFO.sub(f"://{MASK}@", said)


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() or character == "\t" else "?" for character in line)


class _Hidden:
    """What is hidden of one line, by the lines before it.

    Attributes:
        below: the indentation of the line under which everything is hidden; None if nothing is.
        dashes: whether a list at that very indentation belongs to it.
        bare: whether no value was seen so far, so that the next line has it, whatever its indentation.
        depth: brackets that are open in what is hidden.
        quote: the quote that is open there.
        names: the indentation of names of a Compose file's own; 0 before the first, None where there are none.
    """

    def __init__(self) -> None:
        self.below: int | None = None
        self.dashes = self.bare = False
        self.depth = 0
        self.quote = ""
        self.names: int | None = None

    def line(self, line: str) -> str:
        content = line.strip()
        if not content:
            return line
        column = len(line) - len(line.lstrip())
        if self.below is not None and content.startswith("#"):
            return line[:column] + MASK  # a comment ends nothing
        if self._goes_on(column, content):
            self.bare = self.bare and NOTHING.fullmatch(content) is not None
            self._scan(line)
            return line[:column] + MASK
        self.below = None
        if self._is_name(column, content):
            return line
        found = SECRET.search(line)
        if not found:
            return without_userinfo(line)
        rest = line[found.end() :]
        self.below, self.dashes = column, not content.startswith("-")
        # The word may stand in the middle of a name.
        behind = re.sub(r"^[\w.-]*", "", rest)
        self.bare = NOTHING.fullmatch(behind) is not None
        self.depth, self.quote = 0, ""
        self._scan(re.sub(r"^[\"']", "", behind))
        shown = without_userinfo(line[: found.end()])
        return shown + (MASK if rest.strip("\"':,") else rest)

    def _is_name(self, column: int, content: str) -> bool:
        """Whether a line is the name of a service or a network, and nothing else."""
        if column == 0:
            self.names = 0 if NAMED.fullmatch(content) else None
            return False
        if self.names == 0 and not content.startswith("#"):
            self.names = column
        return column == self.names and NAME.fullmatch(content) is not None

    def _goes_on(self, column: int, content: str) -> bool:
        """Whether a line belongs to what is hidden."""
        if self.below is None:
            return False
        inside = column > self.below or (column == self.below and self.dashes and content.startswith("-"))
        return inside or self.bare or self.depth > 0 or bool(self.quote)

    def _scan(self, text: str) -> None:
        """Follow brackets and quotes through text that is hidden."""
        before, at = " ", 0
        while at < len(text):
            character = text[at]
            if self.quote:
                at = self._in_quotes(text, at)
            elif character == "#" and before in " \t":
                return
            elif character in "\"'" and before in BEFORE_VALUE:
                self.quote = character
            elif character in OPENS:
                self.depth += 1
            elif character in CLOSES:
                self.depth = max(0, self.depth - 1)
            before, at = character, at + 1

    def _in_quotes(self, text: str, at: int) -> int:
        """The last place that belongs to what stands here."""
        escaped = text[at] == "\\" if self.quote == '"' else text.startswith("''", at)
        if escaped:
            return at + 1
        self.quote = "" if text[at] == self.quote else self.quote
        return at
