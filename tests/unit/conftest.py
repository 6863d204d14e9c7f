# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No unit test fails on a clock alone: a busy machine is not a bug. Programs are those that a test puts on PATH."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _programs_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    # The collection can be imported once pytest has begun.
    monkeypatch.setattr("ansible_collections.dms.ipv6.plugins.module_utils.system.io.programs.FOLDERS", "")
