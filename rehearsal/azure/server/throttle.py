"""ARM's throttling: a token bucket for each principal, subscription and kind of call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import yaml

from rehearsal.azure.clock import Clock
from rehearsal.azure.errors import ArmError

TABLE = Path(__file__).parents[2] / "limits.yaml"
_KINDS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}


@dataclass(frozen=True)
class Limit:
    """How many tokens a bucket holds, and how many it gets back in a second of the clock."""

    bucket: float
    per_second: float


def read_limits(path: Path = TABLE) -> dict[str, Limit]:
    """Read the limits of reads, writes and deletes."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: Limit(row["bucket"], row["perSecond"]) for name, row in rows.items()}


@dataclass
class _Bucket:
    tokens: float
    at: float
    real: float


class Throttle:
    """The buckets, in memory: Azure's front ends do not remember them either."""

    def __init__(self, clock: Clock, limits: dict[str, Limit] | None = None) -> None:
        self._clock = clock
        self._limits = read_limits() if limits is None else limits
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def take(self, method: str, subscription: str, principal: str) -> tuple[str, int]:
        """Take a token; gives the kind of call and what is left. ArmError 429 if none is."""
        kind = _KINDS.get(method, "writes")
        limit = self._limits[kind]
        bucket = self._refilled((subscription.lower(), principal, kind), limit)
        if bucket.tokens < 1:
            missing = (1 - bucket.tokens) / (limit.per_second * self._clock.scale)
            raise throttled(kind, subscription, principal, wait=max(1, math.ceil(missing)))
        bucket.tokens -= 1
        return kind, int(bucket.tokens)

    def _refilled(self, key: tuple[str, str, str], limit: Limit) -> _Bucket:
        now, real = self._clock.now(), self._clock.real()
        bucket = self._buckets.setdefault(key, _Bucket(limit.bucket, now, real))
        # A frozen clock must not starve its clients: real time counts too, at the clock's scale.
        passed = max(now - bucket.at, (real - bucket.real) * self._clock.scale, 0.0)
        bucket.tokens = min(limit.bucket, bucket.tokens + passed * limit.per_second)
        bucket.at, bucket.real = now, real
        return bucket


def throttled(kind: str, subscription: str, principal: str, *, wait: int) -> ArmError:
    """429 in ARM's words (contract 4.4); `wait` in whole real seconds, as Retry-After has it."""
    message = (
        f"Number of {kind.removesuffix('s')} requests for subscription '{subscription}' actor"
        f" '{principal}' exceeded. Please try again after '{wait}' seconds after additional tokens"
        " are available. Refer to https://aka.ms/arm-throttling for additional information."
    )
    headers = {
        "Retry-After": str(wait),
        f"x-ms-ratelimit-remaining-subscription-{kind}": "0",
    }
    return ArmError(429, "SubscriptionRequestsThrottled", message, headers=headers)
