"""A call as handlers see it, and the answer they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.azure.errors import INVALID_CONTENT, ArmError
from rehearsal.azure.principals import Principal
from rehearsal.azure.world import Azure

Json = dict[str, Any]


@dataclass
class Call:
    """One request. `parts` are the path's parameters, `query` keys are lower-cased."""

    azure: Azure
    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: Any
    base: str
    principal: Principal | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    answer_headers: dict[str, str] = field(default_factory=dict)  # that every answer to it has

    @property
    def caller(self) -> Principal:
        """Who calls; routes that need no token have no caller and must not ask."""
        if self.principal is None:
            message = f"{self.path} was called without a principal"
            raise RuntimeError(message)
        return self.principal

    @property
    def api_version(self) -> str:
        """The api-version asked for."""
        return self.query.get("api-version", "")

    @property
    def body(self) -> Json:
        """The JSON object that was sent, {} if none was; ArmError 400 for anything else."""
        if self.raw is None:
            return {}
        if not isinstance(self.raw, dict):
            raise INVALID_CONTENT.of(what="the body is not a JSON object")
        return self.raw


@dataclass
class Answer:
    """Status, JSON body (None: empty) and headers of an answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def refusal(error: ArmError) -> Answer:
    """Give the answer of an ArmError."""
    return Answer(error.status, {"error": error.error()}, dict(error.headers))


Handler = Callable[[Call], Answer]
