"""What a call to Azure ends with if it does not succeed; apart, so that it costs no import."""

from __future__ import annotations


class ArmError(Exception):
    """ARM refused a call or could not be reached. ``code`` is ARM's own word, "" without answer."""

    def __init__(self, action: str, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.reason = f"{code or 'no answer'}: {message}"
        super().__init__(f"{action}: {self.reason}")
