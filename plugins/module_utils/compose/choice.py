# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way each container goes. A file of its own, because a host without Compose needs no other of this folder."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .plan import ComposePlan, Wanted
    from .ways import Live


class Chosen(t.NamedTuple):
    """Which way each container goes.

    Attributes:
        projects: whose files are edited, each with its plan; None where that is still to be made.
        live: networks that are replaced while they run, and nothing else.
        rest: containers that get our network.
        notes: what their owner has to know.
    """

    projects: tuple[tuple[Wanted, ComposePlan | None], ...] = ()
    live: tuple[Live, ...] = ()
    rest: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
