"""Custom images, formulas, artifacts, templates and the marketplace, by azure-mgmt-devtestlabs."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.devtestlabs import models

from tests.sdk.cloud import PASSWORD, UBUNTU, WINDOWS, Cloud, artifact, refused

SOURCE = "public repo"


def capture(cloud: Cloud, lab: tuple[str, str], vm: str, state: str) -> Any:
    source = cloud.labs.virtual_machines.get(*lab, vm)
    properties = models.CustomImagePropertiesFromVm(source_vm_id=source.id)
    if source.os_type == "Windows":
        properties.windows_os_info = models.WindowsOsInfo(windows_os_state=state)
    else:
        properties.linux_os_info = models.LinuxOsInfo(linux_os_state=state)
    return models.CustomImage(vm=properties, description="by the SDK", author="somebody")


def test_a_specialised_image(cloud: Cloud, lab: tuple[str, str], linux: str) -> None:
    client = cloud.labs.custom_images
    body = capture(cloud, lab, linux, "NonDeprovisioned")
    made = client.begin_create_or_update(*lab, "as-it-is", body).result()
    assert made.managed_snapshot_id.endswith("/microsoft.compute/snapshots/as-it-is")
    assert (made.description, made.author) == ("by the SDK", "somebody")
    only = client.get(*lab, "as-it-is", expand="properties($select=vm)")
    assert only.vm.linux_os_info.linux_os_state == "NonDeprovisioned"
    assert only.description is None
    assert "as-it-is" in [each.name for each in client.list(*lab)]
    assert client.update(*lab, "as-it-is", {"a": "b"}).tags == {"a": "b"}
    again = models.CustomImage(managed_snapshot_id=made.managed_snapshot_id)
    other = client.begin_create_or_update(*lab, "of-a-snapshot", again).result()
    assert other.provisioning_state == "Succeeded"
    for name in ("as-it-is", "of-a-snapshot"):
        client.begin_delete(*lab, name).result()


def test_a_generalised_image_and_a_machine_of_it(cloud: Cloud, lab: tuple[str, str]) -> None:
    vms, images = cloud.labs.virtual_machines, cloud.labs.custom_images
    artifacts = [artifact("windows-git"), artifact("windows-sysprep")]
    cloud.vm(lab, "golden", image=WINDOWS, artifacts=artifacts)
    body = capture(cloud, lab, "golden", "SysprepApplied")
    image = images.begin_create_or_update(*lab, "golden-1", body).result()
    assert image.managed_image_id
    order = models.LabVirtualMachine(
        size="Standard_D2s_v5", user_name="u", password=PASSWORD, custom_image_id=image.id
    )
    made = vms.begin_create_or_update(*lab, "of-golden", order).result()
    assert made.virtual_machine_creation_source == "FromCustomImage"
    vms.begin_delete(*lab, "of-golden").result()
    vms.begin_delete(*lab, "golden").result()


def test_what_is_refused_of_images(cloud: Cloud, lab: tuple[str, str], linux: str) -> None:
    client = cloud.labs.custom_images
    with refused(400, "InvalidRequestContent"):  # no source
        client.begin_create_or_update(*lab, "x", models.CustomImage(description="of nothing"))
    body = capture(cloud, lab, linux, "NonDeprovisioned")
    body.vm.source_vm_id = body.vm.source_vm_id.replace(linux, "none")
    with refused(404, "ResourceNotFound"):
        client.begin_create_or_update(*lab, "x", body)
    with refused(400, "InvalidImageSource"):
        client.begin_create_or_update(*lab, "x", models.CustomImage(managed_image_id="/nowhere"))


def test_a_formula_with_a_machine_in_it(cloud: Cloud, lab: tuple[str, str]) -> None:
    content = models.LabVirtualMachineCreationParameter(
        name="from-formula", size="Standard_B2s", user_name="u", gallery_image_reference=UBUNTU
    )
    client = cloud.labs.formulas
    body = models.Formula(description="ours", os_type="Linux", formula_content=content)
    client.begin_create_or_update(*lab, "ours", body).result()
    found = client.get(*lab, "ours", expand="properties($select=description)")
    assert (found.description, found.formula_content) == ("ours", None)
    whole = client.get(*lab, "ours")
    assert whole.formula_content.size == "Standard_B2s"
    assert (bool(whole.author), whole.creation_date is not None) == (True, True)
    client.delete(*lab, "ours")


def test_gallery_images(cloud: Cloud, lab: tuple[str, str]) -> None:
    client = cloud.labs.gallery_images
    found = {each.name: each for each in client.list(*lab)}
    ubuntu = found["Ubuntu Server 24.04 LTS - Gen2"]
    assert ubuntu.image_reference.os_type == "Linux"
    assert any(not each.is_plan_authorized for each in found.values())
    chosen = list(client.list(*lab, filter="contains(name, 'Windows Server')", top=2))
    assert len(chosen) == 2


def test_artifacts_and_their_templates(cloud: Cloud, lab: tuple[str, str]) -> None:
    client = cloud.labs.artifacts
    names = {each.name for each in client.list(*lab, SOURCE)}
    assert {"windows-sysprep", "linux-deprovision"} <= names
    found = client.get(*lab, SOURCE, "linux-apt-package")
    assert (found.target_os_type, "packages" in found.parameters) == ("Linux", True)
    asked = models.GenerateArmTemplateRequest(
        virtual_machine_name="vm",
        location="westeurope",
        file_upload_options="None",
        parameters=[models.ParameterInfo(name="packages", value="nginx")],
    )
    made = client.generate_arm_template(*lab, SOURCE, "linux-apt-package", asked)
    assert made.parameters["packages"] == {"value": "nginx"}
    (extension,) = made.template["resources"]
    assert extension["type"] == "Microsoft.Compute/virtualMachines/extensions"
    with refused(400, "InvalidArtifactParameters"):
        asked.parameters = []
        client.generate_arm_template(*lab, SOURCE, "linux-apt-package", asked)
    with refused(404, "ResourceNotFound"):
        client.get(*lab, SOURCE, "none")


def test_templates_of_environments(cloud: Cloud, lab: tuple[str, str]) -> None:
    source = "public environment repo"
    client = cloud.labs.arm_templates
    assert {each.name for each in client.list(*lab, source)} == {
        "storage-account",
        "virtual-network",
    }
    found = client.get(*lab, source, "storage-account")
    assert found.contents["parameters"]["accountName"] == {"type": "string"}
    with refused(404, "ResourceNotFound"):
        client.get(*lab, source, "none")


@pytest.mark.parametrize(
    ("template", "status", "code"),
    [
        ("public environment repo/armtemplates/virtual-network", 400, "ArtifactRepositoryDisabled"),
        ("env/armtemplates/none", 404, "ResourceNotFound"),
        ("env/armtemplates/storage-account", 400, "InvalidArmTemplateParameters"),
    ],
)
def test_what_is_refused_of_environments(
    cloud: Cloud, lab: tuple[str, str], template: str, status: int, code: str
) -> None:
    own = models.ArtifactSource(uri="https://x/e.git", arm_template_folder_path="/Environments")
    cloud.labs.artifact_sources.create_or_update(*lab, "env", own)
    cloud.labs.users.begin_create_or_update(*lab, "@me", models.User()).result()
    cloud.advance(600)
    properties = models.EnvironmentDeploymentProperties(
        arm_template_id=f"/artifactsources/{template}"
    )
    body = models.DtlEnvironment(deployment_properties=properties)
    with refused(status, code):
        cloud.labs.environments.begin_create_or_update(*lab, "@me", "e", body)
