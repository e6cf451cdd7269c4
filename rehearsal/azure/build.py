"""Puts the local Azure together: the one place that knows every namespace."""

from __future__ import annotations

from rehearsal.azure.arm import polling, service
from rehearsal.azure.arm import routes as arm_routes
from rehearsal.azure.arm.types import types_of
from rehearsal.azure.authorization import routes as authorization
from rehearsal.azure.compute import access, snapshots
from rehearsal.azure.compute import power as compute_power
from rehearsal.azure.compute import routes as compute
from rehearsal.azure.compute.galleries import recycle_bin
from rehearsal.azure.control.routes import Control
from rehearsal.azure.devtestlab import (
    changing,
    installing,
    machines,
    power,
    schedules,
    sharing,
    sources,
    timetable,
)
from rehearsal.azure.devtestlab import routes as devtestlab
from rehearsal.azure.graph import routes as graph
from rehearsal.azure.http.record import Record
from rehearsal.azure.http.routing import Router
from rehearsal.azure.identity import permissions
from rehearsal.azure.identity.routes import TokenEndpoint
from rehearsal.azure.identity.tokens import Secrets, Tokens
from rehearsal.azure.keyvault import vaults
from rehearsal.azure.keyvault.routes import KeyVaults
from rehearsal.azure.managedidentity import routes as managedidentity
from rehearsal.azure.network import routes as network
from rehearsal.azure.resources import catalogue, metadata, tags
from rehearsal.azure.resources import resources as groups
from rehearsal.azure.resources import routes as resources
from rehearsal.azure.server.gateway import Gateway
from rehearsal.azure.storage import routes as storage
from rehearsal.azure.world import Azure

TYPES = (
    *network.TYPES,
    *compute.TYPES,
    *devtestlab.TYPES,
    *managedidentity.TYPES,
    *storage.TYPES,
    *vaults.TYPES,
)


def application(azure: Azure, secrets: Secrets, record: Record | None = None) -> Gateway:
    """Give a local Azure its types, its handlers and its routes; the result is a WSGI app."""
    types_of(azure).update({kind.kind.lower(): kind for kind in (*TYPES, *authorization.TYPES)})
    for module in (
        service,
        groups,
        snapshots,
        access,
        compute_power,
        recycle_bin,
        sharing,
        sources,
        machines,
        installing,
        power,
        changing,
        schedules,
        timetable,
    ):
        azure.agenda.handle(module.handlers(azure))
    router, tokens = Router(), Tokens(secrets.token_key)
    TokenEndpoint(tokens, secrets.clients).install(router)
    graph.install(router, tokens)
    KeyVaults(tokens, secrets.vaults).install(router)
    metadata.install(router)
    resources.install(router)
    catalogue.install(router)
    permissions.install(router)
    tags.install(router, TYPES)
    arm_routes.install(router, TYPES)
    polling.install(router)
    for namespace in (network, compute, devtestlab, storage, authorization):
        namespace.install(router)
    control = Control(record or Record())
    control.install(router)
    return Gateway(azure, router, tokens, control, secrets.control_key)
