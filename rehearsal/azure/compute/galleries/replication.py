"""Where a version stands: the regions it is asked to be in, and how far it has come in each."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.compute.galleries import errors
from rehearsal.azure.model import Resource
from rehearsal.azure.world import REGIONS, Azure

Json = dict[str, Any]

_MOST_REPLICAS = 100
# What stays as it was made, and what it is where nothing is said.
FIXED = {"storageAccountType": "Standard_LRS", "replicationMode": "Full"}


def region_of(name: str) -> str:
    """Give the short name of a region, written in either way; ArmError if there is none."""
    short = name.replace(" ", "").lower()
    if short not in REGIONS:
        raise errors.NO_REGION.of(region=name)
    return short


def profile(given: Json, location: str) -> Json:
    """Complete a publishingProfile: regions by display name, each with replicas and storage."""
    count = int(given.get("replicaCount", 1))
    kind = given.get("storageAccountType", "Standard_LRS")
    targets = given.get("targetRegions") or [{"name": location}]
    regions: dict[str, Json] = {}
    for target in targets:
        short = region_of(str(target["name"]))
        own = {"regionalReplicaCount": count, "storageAccountType": kind}
        regions[short] = {**own, **target, "name": REGIONS[short]}
    if location not in regions:
        asked = ", ".join(str(target["name"]) for target in targets)
        raise errors.OWN_REGION_MISSING.of(regions=asked, location=location)
    total = sum(int(target["regionalReplicaCount"]) for target in regions.values())
    if total > _MOST_REPLICAS:
        raise errors.TOO_MANY_REPLICAS.of(count=total, most=_MOST_REPLICAS)
    return {
        "replicaCount": count,
        "excludeFromLatest": False,
        "storageAccountType": kind,
        **given,
        "targetRegions": list(regions.values()),
    }


def begin(azure: Azure, publishing: Json, location: str, gib: float) -> Json:
    """Plan the making: first in the version's own region, from there into the others at once."""
    shallow = publishing.get("replicationMode") == "Shallow"
    step = "shallow" if shallow else "publish"
    ready = azure.now() + azure.times.of("galleryVersion", step, gib=gib)
    replicas = {location: {"began": azure.now(), "ends": ready, "failed": False}}
    return replicas | _spread(azure, publishing, replicas, ready, gib)


def change(azure: Azure, old: Resource, publishing: Json, gib: float) -> Json:
    """Plan a change: what stands stays, a new region takes its time, one left out is gone."""
    made = old.properties["publishingProfile"]
    for name, usual in FIXED.items():
        if publishing.get(name, usual) != made.get(name, usual):
            path = f"galleryImageVersion.properties.publishingProfile.{name}"
            raise errors.NOT_CHANGEABLE.of(path=path)
    wanted, held = _by_region(publishing), old.hidden["replicas"]
    before = _by_region(made)
    for short in wanted.keys() & before.keys():
        if wanted[short]["storageAccountType"] != before[short]["storageAccountType"]:
            path = "galleryImageVersion.properties.publishingProfile.targetRegions"
            raise errors.NOT_CHANGEABLE.of(path=f"{path}.storageAccountType")
    allowed = (old.properties.get("safetyProfile") or {}).get("allowDeletionOfReplicatedLocations")
    for short in held.keys() - wanted.keys():
        if azure.switches["galleryRegionRemovalNeedsFlag"] and not allowed:
            raise errors.REGION_KEPT.of(version=old.name, region=REGIONS[short])
    # What failed to go to a region is tried again.
    kept = {short: held[short] for short in held if short in wanted and not held[short]["failed"]}
    return kept | _spread(azure, publishing, kept, azure.now(), gib)


def left(azure: Azure, replicas: Json) -> float:
    """Give how long it is until a version stands in all its regions, 0 if it does."""
    return max(0.0, *(float(each["ends"]) - azure.now() for each in replicas.values()))


def stands_in(azure: Azure, version: Resource, region: str) -> bool:
    """Tell whether a version is whole in a region."""
    replica = version.hidden["replicas"].get(region)
    return replica is not None and not replica["failed"] and replica["ends"] <= azure.now()


def under_way(azure: Azure, replicas: Json, region: str) -> bool:
    """Tell whether a version is on its way to a region."""
    return region in replicas and replicas[region]["ends"] > azure.now()


def fail_replica(azure: Azure, version: Resource, region: str) -> None:
    """Let a version never arrive in a region that it is on its way to."""
    replicas = version.hidden["replicas"]
    lost = {**replicas[region], "failed": True}
    azure.resources.keep(version.knowing(replicas={**replicas, region: lost}))


def lost_region(replicas: Json) -> str:
    """Give the region that a version did not arrive in, "" if it is in all."""
    return next((short for short, each in replicas.items() if each["failed"]), "")


def excluded(version: Resource, region: str) -> bool:
    """Tell whether a version is left out of `latest`: the region's word goes before the whole's."""
    publishing = version.properties["publishingProfile"]
    own = _by_region(publishing).get(region, {})
    return bool(own.get("excludeFromLatest", publishing["excludeFromLatest"]))


def status(azure: Azure, version: Resource) -> Json:
    """Write the replicationStatus, which is shown on request alone."""
    failed = version.state == "Failed"
    summary = []
    for short, replica in version.hidden["replicas"].items():
        share = (azure.now() - replica["began"]) / max(1.0, replica["ends"] - replica["began"])
        ended = replica["ends"] <= azure.now()
        done = ended and not replica["failed"]
        lost = not done and (failed or ended)
        summary.append(
            {
                "region": REGIONS[short],
                "state": "Completed" if done else "Failed" if lost else "Replicating",
                "details": "",
                "progress": 100 if done else max(0, min(99, int(share * 100))),
            }
        )
    states = {str(row["state"]) for row in summary}
    whole = "Failed" if failed else "InProgress" if "Replicating" in states else "Completed"
    return {"aggregatedState": whole, "summary": summary}


def _spread(azure: Azure, publishing: Json, held: Json, ready: float, gib: float) -> Json:
    each = azure.times.of("galleryVersion", "replicate", gib=gib)
    return {
        short: {"began": ready, "ends": ready + each, "failed": False}
        for short in _by_region(publishing)
        if short not in held
    }


def _by_region(publishing: Json) -> dict[str, Json]:
    return {region_of(str(each["name"])): each for each in publishing["targetRegions"]}
