// A lab from its making to its deletion, by Microsoft's SDK for JavaScript as it is published. Every step is a line on standard
// output: "ok", or "failed" and why. Where the cloud is comes from the environment, as `python -m rehearsal env` prints it.

import { DevTestLabsClient } from "@azure/arm-devtestlabs";
import { ResourceManagementClient } from "@azure/arm-resources";
import { ClientSecretCredential } from "@azure/identity";

const { ARM_METADATA_HOSTNAME, AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET } = process.env;
const url = `https://${ARM_METADATA_HOSTNAME}`;
const [group, lab, vm] = ["rg-client-js", "client-js", "build"];
const often = { updateIntervalInMs: 1000 };
let failed = false;

async function step(name, operation) {
  try {
    const found = await operation();
    console.log(`ok ${name}`);
    return found;
  } catch (error) {
    failed = true;
    console.log(`failed ${name}: ${JSON.stringify(error.message)}`);
    return undefined;
  }
}

async function expect(name, list, of, wanted) {
  await step(name, async () => {
    const found = [];
    for await (const each of list) found.push(of(each));
    if (found.length !== 1 || found[0] !== wanted) throw new Error(`expected ${wanted} alone, got ${found}`);
  });
}

const credential = new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
  authorityHost: url,
  disableInstanceDiscovery: true,
});
const where = { endpoint: url, credentialScopes: [`${url}/.default`] };
const resources = new ResourceManagementClient(credential, AZURE_SUBSCRIPTION_ID, where);
const labs = new DevTestLabsClient(credential, AZURE_SUBSCRIPTION_ID, { ...where, $host: url });

await step("sign-in", () => credential.getToken(`${url}/.default`));
await step("resourceGroups.createOrUpdate", () => resources.resourceGroups.createOrUpdate(group, { location: "westeurope" }));
await step("labs.createOrUpdate", () => labs.labs.beginCreateOrUpdateAndWait(group, lab, { location: "westeurope" }, often));
await step("labs.get", () => labs.labs.get(group, lab));
await step("virtualNetworks.createOrUpdate", () =>
  labs.virtualNetworks.beginCreateOrUpdateAndWait(group, lab, `Dtl${lab}`, {}, often));
await expect(
  "galleryImages.list: the image by its name",
  labs.galleryImages.list(group, lab, { filter: "name eq 'Ubuntu Server 22.04 LTS'" }),
  (each) => each.imageReference.sku,
  "22_04-lts",
);
const order = {
  size: "Standard_D2s_v5",
  userName: "labuser",
  password: "Correct-Horse-7",
  allowClaim: true,
  galleryImageReference: {
    publisher: "Canonical",
    offer: "0001-com-ubuntu-server-jammy",
    sku: "22_04-lts",
    osType: "Linux",
    version: "latest",
  },
};
await step("virtualMachines.createOrUpdate", () =>
  labs.virtualMachines.beginCreateOrUpdateAndWait(group, lab, vm, order, often));
await expect(
  "virtualMachines.list: the claimable machine",
  labs.virtualMachines.list(group, lab, { filter: "properties/allowClaim" }),
  (each) => each.name,
  vm,
);
await step("virtualMachines.claim", () => labs.virtualMachines.beginClaimAndWait(group, lab, vm, often));
const artifacts = [
  {
    artifactId: "/artifactsources/public repo/artifacts/linux-apt-package",
    parameters: [{ name: "packages", value: "nginx" }],
  },
];
await step("virtualMachines.applyArtifacts", () =>
  labs.virtualMachines.beginApplyArtifactsAndWait(group, lab, vm, { artifacts }, often));
await step("virtualMachines.stop", () => labs.virtualMachines.beginStopAndWait(group, lab, vm, often));
const shown = await step("virtualMachines.get", () =>
  labs.virtualMachines.get(group, lab, vm, { expand: "properties($expand=artifacts,computeVm)" }));
const capture = { vm: { sourceVmId: shown?.id, linuxOsInfo: { linuxOsState: "NonDeprovisioned" } } };
await step("customImages.createOrUpdate", () =>
  labs.customImages.beginCreateOrUpdateAndWait(group, lab, "golden", capture, often));
await step("virtualMachines.delete", () => labs.virtualMachines.beginDeleteAndWait(group, lab, vm, often));
await step("customImages.delete", () => labs.customImages.beginDeleteAndWait(group, lab, "golden", often));
await step("labs.delete", () => labs.labs.beginDeleteAndWait(group, lab, often));
await step("resourceGroups.delete", () => resources.resourceGroups.beginDeleteAndWait(group, often));
process.exit(failed ? 1 : 0);
