# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages the writing modules would miss on the target. Python's are found by the import system, not tried."""

from __future__ import annotations

from importlib.util import find_spec

from . import programs as system_programs

NEEDED = ("docker", "jsonschema")
COMPOSE = "ruamel.yaml"
# A package of programs, and the one of them that we call.
NFTABLES, NFT = "nftables", "nft"


def missing(compose: bool = False) -> list[str]:
    """What this interpreter cannot import of NEEDED, and of COMPOSE if Compose files are to be edited."""
    return [name for name in (*NEEDED, *((COMPOSE,) if compose else ())) if not _is_there(name)]


def missing_programs() -> list[str]:
    """The package NFTABLES if its program is not there."""
    return [] if system_programs.where(NFT) else [NFTABLES]


def to_see_the_diff(path: str) -> str:
    """What to do where COMPOSE is missing, and a Compose file can be named only."""
    return f"install python3-{COMPOSE} on the host to see the diff of {path}"


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package around it is not there
        return False
