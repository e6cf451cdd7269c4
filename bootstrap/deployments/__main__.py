"""Brings the settings of Pulumi Deployments, and the schedules, from files to Pulumi Cloud."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bootstrap.deployments.program import run

run(Path(__file__).resolve().parents[2])
