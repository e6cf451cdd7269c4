"""A gallery with a definition, and versions in it, as tests make them."""

from __future__ import annotations

from typing import Any

from tests.rehearsal.chain import image, snapshot
from tests.rehearsal.cloud import DEV, WINDOWS, Cloud, Reply, artifacts

Json = dict[str, Any]
API = "2024-03-03"
GROUP = "rg-images"


def prepared(cloud: Cloud, image_: str = WINDOWS) -> str:
    """Make a lab and a generalised Windows in it; gives the id of its OS disk."""
    vm = cloud.vm(cloud.lab(), "build", image_, artifacts=artifacts("windows-sysprep"))
    return str(cloud.disk(vm)["id"])


def managed(cloud: Cloud) -> str:
    """Make a managed image of it; gives its path."""
    return image(cloud, snapshot(cloud, prepared(cloud)))


def gallery(cloud: Cloud, name: str = "golden", subscription: str = DEV, **given: Any) -> str:
    base = f"{cloud.group(GROUP, subscription=subscription)}/providers/Microsoft.Compute/galleries"
    path = f"{base}/{name}"
    cloud.make(path, {"location": "westeurope", "properties": given}, version=API)
    return path


def definition_body(name: str = "windows", **given: Any) -> Json:
    usual = {
        "osType": "Windows",
        "osState": "Generalized",
        "hyperVGeneration": "V2",
        "identifier": {"publisher": "contoso", "offer": "images", "sku": name},
    }
    return {"location": "westeurope", "properties": {**usual, **given}}


def security(kind: str) -> list[Json]:
    return [{"name": "SecurityType", "value": kind}]


def definition(cloud: Cloud, holder: str, name: str = "windows", **given: Any) -> str:
    path = f"{holder}/images/{name}"
    cloud.make(path, definition_body(name, **given), version=API)
    return path


def version_body(source: str, *regions: str, location: str = "westeurope", **given: Any) -> Json:
    """Write a version: from a disk or snapshot by their own field, else by the whole's."""
    parts = source.lower().split("/")
    part = {"id": source}
    disk = parts[-2] in ("disks", "snapshots")
    storage: Json = {"osDiskImage": {"source": part}} if disk else {"source": part}
    publishing = {**given.pop("publishingProfile", {})}
    if regions:
        publishing["targetRegions"] = [{"name": region} for region in regions]
    properties = {"storageProfile": storage, "publishingProfile": publishing, **given}
    return {"location": location, "properties": properties}


def put(cloud: Cloud, path: str, body: Json, version: str = API, **more: Any) -> Reply:
    return cloud.arm("PUT", path, body, version=version, **more)


def code(cloud: Cloud, reply: Reply) -> str:
    """Give the code of what went wrong, at once or at the end, "" if nothing did."""
    if reply.status >= 400:
        return reply.code
    return str(cloud.finish(reply, "5h").get("error", {}).get("code", ""))


def version(cloud: Cloud, of: str, source: str, number: str = "1.0.0", *regions: str) -> str:
    """Make a version and wait; gives its path."""
    path = f"{of}/versions/{number}"
    assert code(cloud, put(cloud, path, version_body(source, *regions))) == ""
    return path
