"""A refusal as the one line that the user reads: of a preview, of an update, of a pipeline."""

from __future__ import annotations


def refusal_line(identity: str, version: str, lab: str, reason: str) -> str:
    """Write it; ``version`` and ``lab`` are "" where it is about none."""
    version = f" {version}" if version else ""
    lab = f" for lab {lab}" if lab else ""
    return f"{identity}{version}{lab} refused: {reason}"
