"""Makes what the factory's pipelines sign in with, and where they keep their state."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bootstrap.program import run

run(Path(__file__).resolve().parents[1])
