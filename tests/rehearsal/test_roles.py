"""What roles allow: built-in ones, and those that an estate defines."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.azure.principals import Directory

VERBS = ("start/action", "stop/action", "read", "write")


def test_an_estate_may_define_roles_and_give_several_of_them() -> None:
    estate: dict[str, Any] = {
        "tenants": ["t"],
        "subscriptions": [{"name": "S", "id": "s"}],
        "roles": {"Starter": {"actions": ["X/*/action"], "notActions": ["X/stop/action"]}},
        "principals": [{"name": "p", "clientId": "c", "roles": {"S": ["Starter", "Reader"]}}],
    }
    principal = Directory(estate).principal("c")
    assert principal is not None
    allowed = [principal.allowed(f"X/{verb}", "/subscriptions/s/x") for verb in VERBS]
    assert allowed == [True, False, True, False]
    estate["principals"] = [{"name": "p", "clientId": "c", "roles": {"S": "Stopper"}}]
    with pytest.raises(ValueError, match="no role 'Stopper'"):
        Directory(estate)
