"""Whether a failure stayed where it struck, and a line says whose it is and what to do.

What one request is about follows from its path: an image, a lab that receives, a region.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tests.torture.accidents import Accident
from tests.torture.ending import Thing
from tests.torture.requests import Request

FACTORY_LAB = "image-factory"
REGIONS = {
    "team-web": "westeurope",
    "team-data": "northeurope",
    "engineering-us": "eastus2",
    FACTORY_LAB: "westeurope",
}
_IMAGES = ("linux-base", "linux-app")
_LAB = re.compile(r"/labs/([^/]+)")
_REASON = re.compile(r"error: |warning: |refused|failed")
_WHAT_TO_DO = " -> "
_EMPTY = ("error: update failed", "error: preview failed")


def alone(accident: Accident, missing: Sequence[Thing], told: str) -> list[str]:
    """Say what is wrong with a failed run: others that went unserved, or no clear line."""
    request = accident.request
    wrong = [f"not served: {' '.join(each)}" for each in missing if not _about(request, each)]
    lines = list(_reasons(told))
    if not lines:
        wrong.append("the run failed and does not say why")
    elif not any(_names(request, line) and _WHAT_TO_DO in line for line in lines):
        wrong.append(f"no line says whose failure it is and what to do: {lines[0]}")
    return wrong


def _about(request: Request, thing: Thing) -> bool:
    """Tell whether a thing hangs on this request, so that it may be missing if it failed."""
    image, lab = _image(request), _lab(request)
    kind, place, name, _ = thing
    if image and _stem(name) not in {image, ""}:
        # A copy of a parent is nothing to its child, and the other way round.
        return False
    if lab not in {"", FACTORY_LAB}:
        return lab in {place, name}
    region = next((r for r in REGIONS.values() if request.path.endswith(f"-{r}")), "")
    if region and kind != "group":
        return place == region or REGIONS.get(place) == region
    return True


def _image(request: Request) -> str:
    tail = request.path.rsplit("/", 1)[1]
    return next((image for image in _IMAGES if tail.startswith(image)), "")


def _stem(name: str) -> str:
    return next((image for image in _IMAGES if name.startswith(image)), "")


def _lab(request: Request) -> str:
    found = _LAB.search(request.path)
    return found[1] if found else ""


def _reasons(told: str) -> Iterator[str]:
    for line in told.splitlines():
        if _REASON.search(line) and line.strip() not in _EMPTY:
            yield line.strip()


def _names(request: Request, line: str) -> bool:
    """Tell whether a line names the image, the lab or the very thing that was asked for."""
    image, lab = _image(request), _lab(request)
    names = {lab, image, image.replace("-", "/", 1), request.path.rsplit("/", 1)[1]} - {""}
    # Groups, networks and the factory lab go by the names that the program gives them.
    names |= {"linux/base", "linux/app", "factory/"} if not image else set()
    return any(name in line for name in names)
