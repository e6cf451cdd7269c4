"""The roles: documented as the table has them, small where they should be, declared once."""

from __future__ import annotations

import json
import re

from factory.azure.roles import DOCUMENT, Role, actions_of, definition, documented
from factory.components.roles import Roles
from tests.components.harness import Recorder, in_loop

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def test_the_document_has_the_roles_of_the_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == documented(text), "run python -m factory.azure.roles"
    shown = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    assert [each["Name"] for each in shown] == [role.value for role in Role]


def test_no_role_has_a_wildcard_or_may_delete_what_the_program_never_drops() -> None:
    for role in Role:
        actions = actions_of(role)
        assert len(actions) == len(set(actions))
        assert not [action for action in actions if "*" in action]
        for kind in ("resourceGroups", "labs", "virtualNetworks", "natGateways"):
            assert not [action for action in actions if action.endswith(f"/{kind}/delete")]


def test_who_only_looks_may_only_read() -> None:
    assert {action.rsplit("/", 1)[1] for action in actions_of(Role.LOOK)} == {"read"}
    runs = {action for role in Role if role is not Role.LOOK for action in actions_of(role)}
    assert set(actions_of(Role.LOOK)) < runs


def test_the_component_makes_every_role_for_every_subscription() -> None:
    recorder = Recorder()
    in_loop(recorder, lambda: Roles("roles", [ONE, TWO]))
    kind = "azure-native:authorization:RoleDefinition"
    assert len(recorder.names(kind)) == len(Role)
    made = recorder.inputs(kind, "roles/build")
    wanted = definition(Role.BUILD, [f"/subscriptions/{ONE}", f"/subscriptions/{TWO}"])
    assert made["roleName"] == wanted["Name"]
    assert made["assignableScopes"] == wanted["AssignableScopes"]
    assert made["permissions"] == [{"actions": wanted["Actions"]}]
    ids = {recorder.inputs(kind, name)["roleDefinitionId"] for name in recorder.names(kind)}
    assert len(ids) == len(Role)
