"""How long versions stay, and when a new one is due though nothing changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator, model_validator

from factory.common.durations import spell_duration
from factory.common.fields import Duration, Strict


class Keep(Strict):
    """How many released versions of a definition stay; a bare number means ``newest``.

    The ``newest`` stay, but none older than ``for``; ``atLeast`` so many stay whatever their age.
    """

    form: ClassVar[str] = "a number, or a mapping {newest, for, atLeast}"

    newest: Annotated[int, Field(ge=1, le=1000)] = 3
    """So many of the newest stay."""
    for_: Annotated[Duration | None, Field(alias="for")] = None
    """None stays that is older than this, such as 90d."""
    at_least: Annotated[int, Field(ge=1, le=1000)] = 1
    """So many stay whatever their age."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        short = isinstance(value, str | int) and not isinstance(value, bool)
        return {"newest": value} if short else value

    @model_validator(mode="after")
    def _in_order(self) -> Keep:
        if self.at_least > self.newest:
            msg = f"atLeast {self.at_least} is more than newest {self.newest}"
            raise ValueError(msg)
        return self

    def allows(self, rank: int, age: timedelta) -> bool:
        """Tell whether the version of this rank (1 is the newest) and age stays."""
        if rank <= self.at_least:
            return True
        return rank <= self.newest and (self.for_ is None or age <= self.for_)

    def __str__(self) -> str:
        """Write the rule as a reason speaks of it."""
        return f"newest {self.newest}" + (
            f", for {spell_duration(self.for_)}" if self.for_ is not None else ""
        )


class Refresh(Strict):
    """When a version is too old though nothing changed: an age, or a schedule.

    ``30d``, or ``{cron: "0 22 * * TUE#2", timeZone: Europe/Berlin}``: five fields, as in Debian's
    cron with ``#`` and ``L`` besides (cronsim); that one is the evening of patch Tuesday.
    """

    form: ClassVar[str] = "an age such as 30d, or a mapping {cron, timeZone}"

    every: Annotated[Duration | None, Field(ge=timedelta(hours=1))] = None
    """The age at which a version is built again, such as 30d."""
    cron: Annotated[str | None, Field(max_length=100)] = None
    """A schedule of five fields, as in cron, with # and L."""
    time_zone: str = "UTC"
    """The time zone of the schedule, such as Europe/Berlin."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"every": value} if isinstance(value, str) else value

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # the name is looked for as a file
            msg = f"expected a time zone such as Europe/Berlin, got {value[:60]!r}"
            raise ValueError(msg) from None
        return value

    @field_validator("cron")
    @classmethod
    def _valid(cls, value: str | None) -> str | None:
        if value is not None:
            # CronSim takes a sixth, for seconds; who writes one means minutes, hours, ...
            if (count := len(value.split())) != 5:
                msg = f"expected five cron fields, such as 0 22 * * TUE#2, got {count}"
                raise ValueError(msg)
            try:
                next(CronSim(value, datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))))
            except (CronSimError, ValueError) as error:
                msg = f"expected five cron fields: {error}"
                raise ValueError(msg) from None
            except StopIteration:
                msg = f"the schedule {value!r} never comes"
                raise ValueError(msg) from None
        return value

    @model_validator(mode="after")
    def _one(self) -> Refresh:
        if (self.every is None) == (self.cron is None):
            msg = "expected an age such as 30d, or {cron: ..., timeZone: ...}"
            raise ValueError(msg)
        return self

    def due_at(self, built: datetime) -> datetime:
        """Give the moment (UTC) from which a version built at ``built`` is too old."""
        if self.every is not None:
            return built + self.every
        zoned = CronSim(str(self.cron), built.astimezone(ZoneInfo(self.time_zone)))
        # When clocks go back an hour comes twice, and cronsim gives 02:30 of the first to whoever
        # asks in the second: what was built then would be due at once, in every run of that hour.
        moments = (moment.astimezone(UTC) for moment in zoned)
        return next(moment for moment in moments if moment > built)

    def __str__(self) -> str:
        """Write the rule as a reason speaks of it."""
        if self.every is not None:
            return f"every {spell_duration(self.every)}"
        return f"{self.cron} {self.time_zone}"
