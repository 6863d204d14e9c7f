# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that stand in for those of a host: small shell scripts, found first on PATH."""

from __future__ import annotations

import typing as t
from pathlib import Path

# Takes what Compose takes, and nothing else. It reads the files, which must be there while it runs, and judges them by
# words in them: BAD is refused, NEEDED is a variable that only the user has. Its arguments are in the file `asked`.
COMPOSE = """\
PATH=/usr/bin:/bin
cd "$(dirname "$0")" || exit 99
[ "$PREFIX" = compose ] && { [ "$1" = compose ] || { echo "unknown command $1" >&2; exit 98; }; shift; }
if [ "$1" = version ]; then
    [ $# = 1 ] || exit 97
    echo "Docker Compose version v2.40.3"
    exit 0
fi
[ "$1" = --project-directory ] || { echo "no folder, but $1" >&2; exit 96; }
folder=$2
shift 2
texts=
while [ "$1" = -f ]; do
    case $2 in /proc/*/fd/*) ;; *) echo "not a file in memory: $2" >&2; exit 95 ;; esac
    text=$(cat "$2") || exit 94
    case $text in *BAD*) bad=$2 ;; *NEEDED*) needed=$2 ;; esac
    texts="$texts[$text]"
    shift 2
done
echo "$folder $texts $*" >> asked
if [ -n "$bad" ]; then
    printf '%s: BAD\\n   is here\\n' "$bad" >&2
    exit 15
fi
case "$*" in
    "config --quiet --no-interpolate") exit 0 ;;
    "config --quiet") [ -z "$needed" ] || { echo "required variable NEEDED is missing" >&2; exit 1; } ;;
    "config --hash *") printf 'mail %s\\nweb same\\n' "$(echo "$texts" | cksum | cut -d ' ' -f 1)" ;;
    *) echo "unknown: $*" >&2; exit 93 ;;
esac
"""


def program(folder: Path, name: str, script: str) -> Path:
    """A program in a folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(0o755)
    return path


def compose(folder: Path, *command: str, script: str = COMPOSE) -> t.Callable[[], list[str]]:
    """Compose as a plugin of docker, or as a program of its own; gives its calls except that for its version."""
    program(folder, command[0], f"PREFIX={command[1] if command[1:] else ''}\n{script}")

    def asked() -> list[str]:
        found = folder / "asked"
        return found.read_text(encoding="utf-8").splitlines() if found.exists() else []

    return asked
