# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images, as Docker's reference grammar has them (github.com/distribution/reference)."""

from __future__ import annotations

import re
import typing as t

from ..core.refused import Refused

LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
DOMAIN = rf"(?:{LABEL}(?:\.{LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
REFERENCE = re.compile(rf"((?:{DOMAIN}/)?{PART}(?:/{PART})*)(?::({TAG}))?(?:@({DIGEST}))?", re.ASCII)
# The id of an existing image: no registry has it.
ID = re.compile(r"sha256:[0-9a-f]{64}")
LONGEST = 255
REMEDY = "Give one such as traefik/whoami:v1.11.0, registry.example:5000/whoami@sha256:..., or the path of an archive"


class Image(t.NamedTuple):
    """An image's name.

    Attributes:
        name: with the registry, if one is named.
        tag: empty for none.
        digest: empty for none; where there is one, the tag is for people only.
        id: of an existing image, in place of all others.
    """

    name: str
    tag: str = ""
    digest: str = ""
    id: str = ""

    def __str__(self) -> str:
        """What the engine finds it by."""
        if self.id:
            return self.id
        return f"{self.name}@{self.digest}" if self.digest else f"{self.name}:{self.version}"

    @property
    def version(self) -> str:
        """What to pull: the digest, else the tag."""
        return self.digest or self.tag or "latest"


def parse(text: str, where: str = "image") -> Image:
    """Read an image's name.

    Raises:
        Refused: the engine would not take it.
    """
    if ID.fullmatch(text):
        return Image("", id=text)
    found = REFERENCE.fullmatch(text)
    if not found or len(found.group(1)) > LONGEST:
        raise Refused(f"{text[:300]!r} is not a name of an image", where, REMEDY)
    name, tag, digest = found.groups(default="")
    return Image(name, tag, digest)
