# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's words for how a container is, and what they mean (moby, container/state.go: StateString).

Both readings have them: ``State`` in the list of containers, ``State.Status`` in an inspect.
"""

from __future__ import annotations

PAUSED, RESTARTING = "paused", "restarting"
# All three have State.Running, and a restart of dockerd without live-restore ends them (seen on 20.10.24, 26.1.5 and
# 28.5.2; with live-restore a paused one stays paused). One that is restarting waits for its next start.
RUNS = ("running", PAUSED, RESTARTING)
# Has processes at this moment.
UP = ("running", PAUSED)
# Is there to be started.
STOPPED = ("created", "exited")
# Cannot be started, connected or disconnected any more: "marked for removal".
LEAVING = ("removing", "dead")
