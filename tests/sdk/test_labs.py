"""Labs and their networks, by azure-mgmt-devtestlabs."""

from __future__ import annotations

from azure.mgmt.devtestlabs import models

from tests.sdk.cloud import PROD, Cloud, refused


def test_a_lab_from_its_making_to_its_end(cloud: Cloud) -> None:
    group, client = cloud.group("rg-life"), cloud.labs.labs
    body = models.Lab(
        location="westeurope", tags={"team": "x"}, announcement=models.LabAnnouncementProperties()
    )
    poller = client.begin_create_or_update(group, "life", body)
    assert poller.status() in ("Creating", "Running", "InProgress")
    made = poller.result()
    assert made.provisioning_state == "Succeeded"
    assert made.id.startswith(f"/subscriptions/{cloud.labs._config.subscription_id}/resourcegroups")
    for filled in (made.default_storage_account, made.vault_name, made.unique_identifier):
        assert filled
    assert made.created_date is not None
    assert made.lab_storage_type == "Premium"  # what the SDK sends unasked

    assert client.get(group, "LIFE").name == "life"
    changed = client.update(group, "life", {"team": "y"})
    assert changed.tags == {"team": "y"}
    assert [each.name for each in client.list_by_resource_group(group)] == ["life"]
    assert "life" in [each.name for each in client.list_by_subscription()]
    assert list(cloud.lab_client(PROD).labs.list_by_subscription()) == []

    client.begin_delete(group, "life").result()
    with refused(404, "ResourceNotFound"):
        client.get(group, "life")
    client.begin_delete(group, "life").result()  # 204: it was gone already


def test_a_patch_changes_tags_and_nothing_else(cloud: Cloud, lab: tuple[str, str]) -> None:
    body = {"tags": {"a": "1"}, "properties": {"labStorageType": "Premium"}}
    client = cloud.resources.resources  # whose PATCH sends what it is given
    path = cloud.labs.labs.get(*lab).id
    client.begin_update_by_id(path, body, api_version="2018-09-15").result()
    changed = cloud.labs.labs.get(*lab)
    assert changed.tags == {"a": "1"}
    assert changed.lab_storage_type == "StandardSSD"


def test_what_is_refused_of_labs(cloud: Cloud) -> None:
    client = cloud.labs.labs
    with refused(404, "ResourceGroupNotFound"):
        client.begin_create_or_update("rg-none", "x", models.Lab(location="westeurope"))
    group = cloud.group("rg-refusing")
    with refused(400, "LocationNotAvailableForResourceType"):
        client.begin_create_or_update(group, "x", models.Lab(location="atlantis"))
    with refused(400, "InvalidRequestContent"):
        client.begin_create_or_update(
            group, "x", models.Lab(location="westeurope", lab_storage_type="Floppy")
        )
    auditor = cloud.lab_client(who="auditor").labs
    with refused(403, "AuthorizationFailed"):
        auditor.begin_create_or_update(group, "x", models.Lab(location="westeurope"))


def test_a_network_of_a_lab(cloud: Cloud, lab: tuple[str, str]) -> None:
    client = cloud.labs.virtual_networks
    made = client.begin_create_or_update(
        *lab, "second", models.VirtualNetwork(description="more room")
    ).result()
    assert made.provisioning_state == "Succeeded"
    assert made.external_provider_resource_id.endswith("/virtualNetworks/second")
    assert made.subnet_overrides[0].use_in_vm_creation_permission == "Allow"
    assert client.get(*lab, "second").external_subnets is None
    expanded = client.get(*lab, "second", expand="properties($expand=externalSubnets)")
    assert [each.name for each in expanded.external_subnets] == ["secondSubnet"]
    assert {each.name for each in client.list(*lab)} == {"Dtlshared", "second"}
    assert client.update(*lab, "second", {"a": "b"}).tags == {"a": "b"}
    client.begin_delete(*lab, "second").result()
    with refused(404, "ResourceNotFound"):
        client.get(*lab, "second")


def test_files_for_images(cloud: Cloud, lab: tuple[str, str]) -> None:
    client = cloud.labs.labs
    given = client.generate_upload_uri(*lab, "a.vhd")
    uri, _, signature = given.upload_uri.partition("?")
    assert uri.endswith("/uploads/a.vhd")
    assert "sig=" in signature
    assert [each.id for each in client.list_vhds(*lab)] == [uri]
    image = models.CustomImage(
        vhd=models.CustomImagePropertiesCustom(image_name=uri, os_type="Linux", sys_prep=True)
    )
    made = cloud.labs.custom_images.begin_create_or_update(*lab, "of-a-file", image).result()
    assert made.provisioning_state == "Succeeded"
    stray = models.CustomImagePropertiesCustom(
        image_name="https://elsewhere.blob.core.windows.net/a.vhd", os_type="Linux"
    )
    with refused(400, "InvalidStorageAccountForLab"):
        cloud.labs.custom_images.begin_create_or_update(
            *lab, "stray", models.CustomImage(vhd=stray)
        )


def test_what_roles_can_allow(cloud: Cloud) -> None:
    names = [each.name for each in cloud.labs.provider_operations.list()]
    assert "Microsoft.DevTestLab/labs/virtualMachines/write" in names
    assert "Microsoft.DevTestLab/labs/createEnvironment/action" in names
