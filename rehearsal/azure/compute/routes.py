"""The types of Microsoft.Compute that are rehearsed, and its calls that are no resources."""

from __future__ import annotations

from typing import Any

from rehearsal.azure.arm import polling, service
from rehearsal.azure.arm.bodies import Reader
from rehearsal.azure.arm.routes import GROUP
from rehearsal.azure.arm.types import Behaviour, ResourceType, Style
from rehearsal.azure.compute import access, errors, extensions, machines, power, sizes, skus
from rehearsal.azure.compute.copying import SNAPSHOTS
from rehearsal.azure.compute.galleries import routes as galleries
from rehearsal.azure.compute.images import IMAGES, Image
from rehearsal.azure.compute.snapshots import Disk, Snapshot
from rehearsal.azure.errors import NO_PROVIDER_IN_REGION, SUBSCRIPTION_NOT_FOUND, ArmError
from rehearsal.azure.http.messages import Answer, Call, Handler
from rehearsal.azure.http.routing import Route, Router
from rehearsal.azure.marketplace import MarketplaceImage
from rehearsal.azure.model import Resource
from rehearsal.azure.network.resources import CARDS
from rehearsal.azure.world import REGIONS

Json = dict[str, Any]


def _missing(path: str) -> ArmError:
    return errors.MISSING_PARAMETER.of(name=path.removeprefix("properties."))


def _invalid(path: str, value: Any, kind: str) -> ArmError:
    return errors.INVALID_PARAMETER.of(
        name=path.removeprefix("properties.") or kind, value=str(value)
    )


# Later api-versions than the table's may know more properties: those are kept.
READER = Reader("compute", missing=_missing, invalid=_invalid, keep_unknown=True)

TYPES = (
    ResourceType(
        SNAPSHOTS,
        f"{SNAPSHOTS}/{{name}}",
        Style.ACCEPTED,
        Style.ACCEPTED,
        Snapshot("snapshot"),
        ("sku", "extendedLocation"),
        tracked=True,
        model="Snapshot",
        reader=READER,
    ),
    ResourceType(
        machines.DISKS,
        f"{machines.DISKS}/{{name}}",
        Style.ACCEPTED,
        Style.ACCEPTED,
        Disk("disk"),
        ("sku", "zones", "extendedLocation"),
        tracked=True,
        model="Disk",
        reader=READER,
    ),
    ResourceType(
        IMAGES,
        f"{IMAGES}/{{name}}",
        Style.CREATED,
        Style.ACCEPTED,
        Image("image"),
        ("extendedLocation",),
        tracked=True,
        model="Image",
        reader=READER,
    ),
    ResourceType(
        sizes.MACHINES,
        f"{sizes.MACHINES}/{{name}}",
        behaviour=machines.Machine(),
        tracked=True,
        writable=False,
    ),
    ResourceType(
        extensions.EXTENSIONS,
        f"{sizes.MACHINES}/{{vm}}/extensions/{{name}}",
        Style.CREATED,
        Style.ACCEPTED,
        extensions.Extension("extension"),
        tracked=True,
    ),
    ResourceType(
        CARDS,
        f"{CARDS}/{{name}}",
        behaviour=Behaviour(),
        tracked=True,
        writable=False,
    ),
    *galleries.types(READER),
)

_LOCATION = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}"
_OFFERS = f"{_LOCATION}/publishers/{{publisher}}/artifacttypes/vmimage/offers"
_VERSIONS = f"{_OFFERS}/{{offer}}/skus/{{sku}}/versions"
_PUBLISHERS = "Microsoft.Compute/locations/publishers"
_READ_OFFERS = f"{_PUBLISHERS}/artifacttypes/offers/read"
_READ_SKUS = f"{_PUBLISHERS}/artifacttypes/offers/skus/read"
_READ_VERSIONS = f"{_PUBLISHERS}/artifacttypes/offers/skus/versions/read"


def install(router: Router) -> None:
    """Add what the table does not say: usages, the marketplace, and actions on machines."""
    galleries.install(router)
    machine = f"{GROUP}{sizes.MACHINES}/{{name}}"
    for route in (
        _regional(f"{_LOCATION}/usages", _usages, "Microsoft.Compute/locations/usages/read"),
        _regional(f"{_LOCATION}/publishers", _publishers, f"{_PUBLISHERS}/read"),
        _regional(_OFFERS, _offers, _READ_OFFERS),
        _regional(f"{_OFFERS}/{{offer}}/skus", _skus, _READ_SKUS),
        _regional(_VERSIONS, _versions, _READ_VERSIONS),
        _regional(f"{_VERSIONS}/{{version}}", _version, _READ_VERSIONS),
        Route("POST", f"{machine}/generalize", _generalize, f"{sizes.MACHINES}/generalize/action"),
        Route("GET", f"{machine}/instanceView", _instance_view, f"{sizes.MACHINES}/read"),
    ):
        router.add(route)
    whole = "/subscriptions/{subscription}/providers/Microsoft.Compute/skus"
    router.add(Route("GET", whole, skus.listed, "Microsoft.Compute/skus/read"))
    for action in power.ACTIONS:
        right = f"{sizes.MACHINES}/{action}/action"
        router.add(Route("POST", f"{machine}/{action}", _power(action), right))
    for kind in (SNAPSHOTS, machines.DISKS):
        disk = f"{GROUP}{kind}/{{name}}"
        for verb, handler in (("beginGetAccess", access.begin), ("endGetAccess", access.end)):
            router.add(Route("POST", f"{disk}/{verb}", handler, f"{kind}/{verb}/action"))


def _regional(path: str, handler: Handler, action: str) -> Route:
    """Make the route of a GET within a region, which must be one."""

    def checked(call: Call) -> Answer:
        location = call.parts["location"]
        if location.replace(" ", "").lower() not in REGIONS:
            raise NO_PROVIDER_IN_REGION.of(
                location=location,
                api_version=call.api_version,
                kind=action.removeprefix("Microsoft.Compute/").removesuffix("/read"),
                known=", ".join(REGIONS),
            )
        return handler(call)

    return Route("GET", path, checked, action)


def _usages(call: Call) -> Answer:
    subscription = call.parts["subscription"]
    if subscription.lower() not in call.azure.directory.subscriptions:
        raise SUBSCRIPTION_NOT_FOUND.of(subscription=subscription)
    return Answer(
        200, {"value": sizes.usages(call.azure, subscription, call.parts["location"].lower())}
    )


def _publishers(call: Call) -> Answer:
    names = [image.publisher for image in call.azure.marketplace.listed()]
    return _names(call, names)


def _offers(call: Call) -> Answer:
    names = [
        image.offer
        for image in call.azure.marketplace.listed()
        if image.key[0] == call.parts["publisher"].lower()
    ]
    return _names(call, names)


def _skus(call: Call) -> Answer:
    wanted = (call.parts["publisher"].lower(), call.parts["offer"].lower())
    names = [image.sku for image in call.azure.marketplace.listed() if image.key[:2] == wanted]
    return _names(call, names)


def _versions(call: Call) -> Answer:
    names = _image(call).versions(call.azure.now())
    order = call.query.get("$orderby", "").lower().split()
    if order == ["name", "desc"]:
        names = names[::-1]
    top = call.query.get("$top", "")
    return _names(call, names[: int(top)] if top.isdigit() else names)


def _version(call: Call) -> Answer:
    image, version = _image(call), call.parts["version"]
    if image.resolve(version, call.azure.now()) is None or version.lower() == "latest":
        raise errors.MARKETPLACE_NOTHING.of()
    properties: Json = {
        "osDiskImage": {"operatingSystem": image.os, "sizeInGb": image.size},
        "hyperVGeneration": image.generation,
        "architecture": "x64",
        "features": [{"name": "SecurityType", "value": image.security}] if image.security else [],
        "dataDiskImages": [],
    }
    if image.plan:
        plan = {
            "publisher": image.plan.publisher,
            "product": image.plan.product,
            "name": image.plan.name,
        }
        properties["plan"] = plan
    body = {
        "id": call.path,
        "name": version,
        "location": call.parts["location"].lower(),
        "properties": properties,
    }
    return Answer(200, body)


def _image(call: Call) -> MarketplaceImage:
    parts = call.parts
    found = call.azure.marketplace.find(parts["publisher"], parts["offer"], parts["sku"])
    if found is None:
        raise errors.MARKETPLACE_NOTHING.of()
    return found


def _names(call: Call, names: list[str]) -> Answer:
    """Answer a bare list, as these calls alone do; 404 where there is nothing."""
    if not names:
        raise errors.MARKETPLACE_NOTHING.of()
    location = call.parts["location"].lower()
    unique = dict.fromkeys(names)
    return Answer(
        200, [{"location": location, "name": name, "id": f"{call.path}/{name}"} for name in unique]
    )


def _machine(call: Call) -> Resource:
    path = f"{GROUP}{sizes.MACHINES}/{{name}}".format(**call.parts)
    return service.need(call.azure, path)


def _power(action: str) -> Handler:
    def change(call: Call) -> Answer:
        return polling.accepted(call, power.change(call.azure, _machine(call), action))

    return change


def _generalize(call: Call) -> Answer:
    machine = _machine(call)
    if machine.hidden["power"] not in ("deallocated", "stopped"):
        message = f"Cannot generalize VM '{machine.name}': it must be stopped or deallocated first."
        raise ArmError(409, "OperationNotAllowed", message)
    machines.generalize(call.azure, machine)
    return Answer(200)


def _instance_view(call: Call) -> Answer:
    return Answer(200, machines.instance_view(_machine(call)))
