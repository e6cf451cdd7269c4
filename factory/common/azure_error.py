"""What a call to Azure ends with if it does not succeed; apart, so that it costs no import."""

from __future__ import annotations

from http import HTTPStatus

from factory.common.errors import one_line


class ArmError(Exception):
    """ARM refused a call or could not be reached. ``code`` is ARM's own word, "" without answer.

    ``message`` is what it said, raw and whole.
    """

    def __init__(self, action: str, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.reason = f"{code or 'no answer'}: {one_line(message)}"
        super().__init__(f"{action}: {self.reason}")

    @property
    def unheard(self) -> bool:
        """Tell whether Azure was not reached or did not know us: nothing was said of the matter."""
        return self.status == HTTPStatus.UNAUTHORIZED or (self.status == 0 and not self.code)

    @property
    def advice(self) -> str:
        """Say what to do about a run that could not look at Azure, and so did nothing."""
        if self.status == HTTPStatus.FORBIDDEN:
            return "give the identity its role there (docs/permissions.md)"
        if self.code == "SubscriptionNotFound":
            return "see azure-native:subscriptionId, and that the identity has a role there"
        if self.unheard:
            return "see to the network and the sign-in, then run it again"
        return "run it again"
