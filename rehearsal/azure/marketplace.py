"""The marketplace: images whose versions appear as the clock goes on (marketplace.yaml)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).parents[1] / "marketplace.yaml"

_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKS = {"first": 0, "second": 1, "third": 2, "fourth": 3}
_RELEASED = re.compile(
    r"(?:day (?P<day>\d+)|(?P<week>first|second|third|fourth) (?P<weekday>[A-Z][a-z]+day))"
    r"(?: \+ (?P<later>\d+) d)?"
)
_COUNTED_FROM = date(2024, 1, 1)


@dataclass(frozen=True)
class Plan:
    """A purchase plan, as ARM writes it on a disk: who sells, what, under which name."""

    publisher: str
    product: str
    name: str


@dataclass(frozen=True)
class MarketplaceImage:
    """One sku: its `title` in labs, its size in GiB.

    `security` is TrustedLaunchSupported, TrustedLaunch or None.
    """

    publisher: str
    offer: str
    sku: str
    title: str
    os: str
    generation: str
    size: int
    security: str | None
    plan: Plan | None
    released: str
    version: str
    build: int
    step: int
    keep_months: int

    @cached_property
    def key(self) -> tuple[str, str, str]:
        """Publisher, offer and sku, lower-cased."""
        return self.publisher.lower(), self.offer.lower(), self.sku.lower()

    def versions(self, moment: float) -> list[str]:
        """Give the versions on sale at a moment, oldest first."""
        return _versions(self, datetime.fromtimestamp(moment, UTC).date())

    def resolve(self, version: str, moment: float) -> str | None:
        """Give the exact version for `latest` or a version's name; None if it is not on sale."""
        found = self.versions(moment)
        if version.lower() == "latest":
            return found[-1] if found else None
        return version if version in found else None

    def _version(self, day: date) -> str:
        months = (day.year - _COUNTED_FROM.year) * 12 + day.month - _COUNTED_FROM.month
        return self.version.format(
            yyyy=f"{day:%Y}",
            yy=f"{day:%y}",
            mm=f"{day:%m}",
            dd=f"{day:%d}",
            build=self.build + self.step * months,
        )


class Marketplace:
    """All images, found by publisher, offer and sku without regard to case."""

    def __init__(self, images: list[MarketplaceImage]) -> None:
        self._images = {image.key: image for image in images}

    @classmethod
    def read(cls, path: Path = TABLE) -> Marketplace:
        """Read the catalogue; ValueError names the entry that cannot be read."""
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        keep = int(table["keepMonths"])
        return cls([_image(entry, keep) for entry in table["images"]])

    def find(self, publisher: str, offer: str, sku: str) -> MarketplaceImage | None:
        """Give one image, or None."""
        return self._images.get((publisher.lower(), offer.lower(), sku.lower()))

    def listed(self) -> list[MarketplaceImage]:
        """Give all images, in the order of the catalogue."""
        return list(self._images.values())


def _image(entry: dict[str, Any], keep_months: int) -> MarketplaceImage:
    publisher, offer, sku = entry["image"].split("/")
    if _RELEASED.fullmatch(entry["released"]) is None:
        message = f"marketplace.yaml: {entry['image']}: not a day of a month: {entry['released']}"
        raise ValueError(message)
    return MarketplaceImage(
        publisher=publisher,
        offer=offer,
        sku=sku,
        title=entry["title"],
        os=entry["os"],
        generation=entry["generation"],
        size=entry["sizeGiB"],
        security=entry.get("security"),
        plan=Plan(**entry["plan"]) if "plan" in entry else None,
        released=entry["released"],
        version=entry["version"],
        build=entry.get("build", 0),
        step=entry.get("step", 0),
        keep_months=keep_months,
    )


@lru_cache(maxsize=512)
def _versions(image: MarketplaceImage, today: date) -> list[str]:
    found = []
    for back in range(image.keep_months + 1, -1, -1):
        months = today.year * 12 + today.month - 1 - back
        day = _release_day(image.released, date(months // 12, months % 12 + 1, 1))
        if day <= today:
            found.append(image._version(day))  # noqa: SLF001 - a part of the class, cached by day
    return found[-image.keep_months :]


def _release_day(rule: str, month: date) -> date:
    found = _RELEASED.fullmatch(rule)
    if found is None:
        raise ValueError(rule)
    if found["day"]:
        day = month.replace(day=int(found["day"]))
    else:
        ahead = (_DAYS.index(found["weekday"].lower()) - month.weekday()) % 7
        day = month + timedelta(days=ahead + 7 * _WEEKS[found["week"]])
    return day + timedelta(days=int(found["later"] or 0))
