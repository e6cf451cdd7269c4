"""Locks hold, whoever asks: at their scope, within it, and against deleting what is around it."""

from __future__ import annotations

import pytest

from tests.rehearsal.cloud import DEV, FACTORY, TENANT, Cloud, Reply

OWNER = "12121212-0000-4000-8000-000000000012"
SUBSCRIPTION = f"/subscriptions/{DEV}"
LOCKS = "providers/Microsoft.Authorization/locks"
API = "2020-05-01"


@pytest.fixture
def cloud(cloud: Cloud) -> Cloud:
    """Add a principal that may lock."""
    cloud.close()
    owner = {"name": "auditor", "clientId": OWNER, "roles": {"Dev": "Owner"}}
    factory = cloud.estate["principals"][0]
    cloud.estate = {**cloud.estate, "principals": [factory, owner]}
    cloud.open()
    token = cloud.token(OWNER, "auditor-secret", tenant=TENANT)
    cloud.tokens[OWNER] = token.body["access_token"]
    return cloud


def lock(cloud: Cloud, scope: str, level: str = "CanNotDelete", name: str = "held") -> Reply:
    body = {"properties": {"level": level, "notes": "Ask the platform team."}}
    return cloud.arm("PUT", f"{scope}/{LOCKS}/{name}", body, version=API, who=OWNER)


def test_what_is_locked_stays_until_the_lock_goes(cloud: Cloud) -> None:
    lab = cloud.lab()
    group = lab.partition("/providers/")[0]
    assert cloud.arm("PUT", f"{lab}/{LOCKS}/held", {}, version=API).status == 403  # Contributor
    assert lock(cloud, lab).status == 201
    assert lock(cloud, lab).status == 200
    for path in (lab, f"{lab}/virtualnetworks/Dtlweb", group):
        for who in (OWNER, FACTORY):
            reply = cloud.arm("DELETE", path, who=who)
            assert (reply.status, reply.code) == (409, "ScopeLocked")
    assert f"'{lab}'" in reply.message
    # It may be changed, as one that is only read may not.
    assert cloud.arm("PATCH", lab, {"tags": {"a": "1"}}).status == 200
    assert lock(cloud, lab, "ReadOnly").status == 200
    changed = cloud.arm("PATCH", lab, {"tags": {"a": "2"}})
    assert (changed.code, "write operation" in changed.message) == ("ScopeLocked", True)
    assert cloud.arm("POST", f"{lab}/generateUploadUri", {"blobName": "x"}).code == "ScopeLocked"
    assert cloud.arm("GET", lab).body["tags"] == {"a": "1"}
    removed = cloud.arm("DELETE", f"{lab}/{LOCKS}/held", version=API, who=OWNER)
    assert removed.status == 200
    assert cloud.arm("DELETE", f"{lab}/{LOCKS}/held", version=API, who=OWNER).status == 204
    assert cloud.arm("DELETE", lab).status == 202


def test_locks_are_listed_with_those_within(cloud: Cloud) -> None:
    lab = cloud.lab()
    group = lab.partition("/providers/")[0]
    lock(cloud, group, name="outer")
    lock(cloud, lab, name="inner")
    assert lock(cloud, lab, "Sealed").code == "LockLevelInvalid"

    def names(scope: str, text: str = "") -> list[str]:
        query = {"$filter": text} if text else {}
        found = cloud.arm("GET", f"{scope}/{LOCKS}", version=API, query=query).body["value"]
        return [each["name"] for each in found]

    assert names(SUBSCRIPTION) == names(group) == ["outer", "inner"]
    assert names(lab) == ["inner"]
    assert names(group, "atScope()") == ["outer"]
    one = cloud.arm("GET", f"{lab}/{LOCKS}/inner", version=API).body
    assert one["properties"] == {"level": "CanNotDelete", "notes": "Ask the platform team."}
    assert cloud.arm("GET", f"{lab}/{LOCKS}/none", version=API).status == 404
    # What a service does of itself, no lock of the lab keeps from it.
    cloud.vm(lab)
