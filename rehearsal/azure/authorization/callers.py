"""Who calls, and what he may do: principals of the estate and managed identities, by assignments.

A role assignment holds at its scope (a subscription, group or resource) and at all below it.
"""

from __future__ import annotations

from dataclasses import replace

from rehearsal.azure import ids
from rehearsal.azure.authorization.built_in import built_in
from rehearsal.azure.authorization.listing import of_all
from rehearsal.azure.authorization.routes import ASSIGNMENTS
from rehearsal.azure.managedidentity.routes import CREDENTIALS, IDENTITIES
from rehearsal.azure.principals import ROLES, Principal, Role
from rehearsal.azure.world import Azure


def caller(azure: Azure, client_id: str) -> Principal | None:
    """Give who has a client id, with every role that is assigned to him; None if nobody has it."""
    found = azure.directory.principal(client_id) or _identity(azure, client_id)
    if found is None:
        return None
    known, roles = dict(found.known), list(found.roles)
    for each in of_all(azure, ASSIGNMENTS):
        if each.properties["principalId"] == found.object_id:
            role = ids.name_of(str(each.properties["roleDefinitionId"])).lower()
            known[role] = _allowing(azure, str(each.properties["roleDefinitionId"]))
            roles.append((str(each.properties["scope"]).lower(), role))
    return replace(found, known=known, roles=tuple(roles))


def _identity(azure: Azure, client_id: str) -> Principal | None:
    for each in of_all(azure, IDENTITIES):
        facts = each.properties
        if str(facts["clientId"]).lower() == client_id.lower():
            believed = azure.resources.listed(f"{each.key}/{CREDENTIALS}")
            return Principal(
                name=each.name,
                client_id=str(facts["clientId"]),
                object_id=str(facts["principalId"]),
                tenant=str(facts["tenantId"]),
                roles=(),
                trusted=tuple(
                    (str(one.properties["issuer"]), str(one.properties["subject"]))
                    for one in believed
                ),
            )
    return None


def _allowing(azure: Azure, role_id: str) -> Role:
    """Give what a role allows and refuses of what ARM is asked; nothing if it is one for data."""
    known = built_in().get(ids.name_of(role_id).lower())
    if known is not None and known.name in ROLES:  # no other built-in one reaches resources here
        return ROLES[known.name]
    made = azure.resources.find(role_id)
    rights = made.properties.get("permissions") or () if made else ()
    allowed, refused = (
        tuple(str(action).lower() for each in rights for action in each.get(key) or ())
        for key in ("actions", "notActions")
    )
    return allowed, refused
