// A lab from its making to its deletion, by Microsoft's SDK for Go as it is published. Every step is a line on standard
// output: "ok", or "failed" and why. Where the cloud is comes from the environment, as `python -m rehearsal env` prints it.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/devtestlabs/armdevtestlabs"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

const group, lab, vm = "rg-client-go", "client-go", "build"

var (
	ctx    = context.Background()
	failed = false
	often  = &runtime.PollUntilDoneOptions{Frequency: time.Second}
)

// step says how an operation went.
func step(name string, err error) {
	if err != nil {
		failed = true
		fmt.Printf("failed %s: %q\n", name, err.Error())
		return
	}
	fmt.Printf("ok %s\n", name)
}

// long follows an operation to its end.
func long[T any](name string, poller *runtime.Poller[T], err error) T {
	var found T
	if err == nil {
		found, err = poller.PollUntilDone(ctx, often)
	}
	step(name, err)
	return found
}

// names lists what a pager gives, by name.
func names[T any](name string, pager *runtime.Pager[T], of func(T) []string) []string {
	var found []string
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			step(name, err)
			return nil
		}
		found = append(found, of(page)...)
	}
	step(name, nil)
	return found
}

// expect says whether a list has one thing and no other.
func expect(name string, found []string, wanted string) {
	var err error
	if len(found) != 1 || found[0] != wanted {
		err = fmt.Errorf("expected %s alone, got %v", wanted, found)
	}
	step(name, err)
}

func options(cred azcore.TokenCredential) (*armresources.ClientFactory, *armdevtestlabs.ClientFactory) {
	subscription := os.Getenv("AZURE_SUBSCRIPTION_ID")
	settings := &arm.ClientOptions{ClientOptions: policy.ClientOptions{Cloud: here()}}
	groups, err := armresources.NewClientFactory(subscription, cred, settings)
	step("resources client", err)
	labs, err := armdevtestlabs.NewClientFactory(subscription, cred, settings)
	step("labs client", err)
	return groups, labs
}

func here() cloud.Configuration {
	url := "https://" + os.Getenv("ARM_METADATA_HOSTNAME")
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: url,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: url, Audience: url},
		},
	}
}

func main() {
	cred, err := azidentity.NewClientSecretCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), os.Getenv("AZURE_CLIENT_SECRET"),
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            policy.ClientOptions{Cloud: here()},
			DisableInstanceDiscovery: true,
		})
	step("credential", err)
	groups, labs := options(cred)

	_, err = groups.NewResourceGroupsClient().CreateOrUpdate(ctx, group,
		armresources.ResourceGroup{Location: to.Ptr("westeurope")}, nil)
	step("ResourceGroups.CreateOrUpdate", err)

	labPoller, err := labs.NewLabsClient().BeginCreateOrUpdate(ctx, group, lab,
		armdevtestlabs.Lab{Location: to.Ptr("westeurope"), Properties: &armdevtestlabs.LabProperties{}}, nil)
	long("Labs.CreateOrUpdate", labPoller, err)
	_, err = labs.NewLabsClient().Get(ctx, group, lab, nil)
	step("Labs.Get", err)
	netPoller, err := labs.NewVirtualNetworksClient().BeginCreateOrUpdate(ctx, group, lab, "Dtl"+lab,
		armdevtestlabs.VirtualNetwork{Properties: &armdevtestlabs.VirtualNetworkProperties{}}, nil)
	long("VirtualNetworks.CreateOrUpdate", netPoller, err)

	gallery := labs.NewGalleryImagesClient().NewListPager(group, lab,
		&armdevtestlabs.GalleryImagesClientListOptions{Filter: to.Ptr("name eq 'Ubuntu Server 22.04 LTS'")})
	expect("the image by its name", names("GalleryImages.List", gallery,
		func(page armdevtestlabs.GalleryImagesClientListResponse) (found []string) {
			for _, each := range page.Value {
				found = append(found, *each.Properties.ImageReference.SKU)
			}
			return
		}), "22_04-lts")

	machines := labs.NewVirtualMachinesClient()
	vmPoller, err := machines.BeginCreateOrUpdate(ctx, group, lab, vm, armdevtestlabs.LabVirtualMachine{
		Properties: &armdevtestlabs.LabVirtualMachineProperties{
			Size: to.Ptr("Standard_D2s_v5"), UserName: to.Ptr("labuser"), Password: to.Ptr("Correct-Horse-7"),
			AllowClaim: to.Ptr(true),
			GalleryImageReference: &armdevtestlabs.GalleryImageReference{
				Publisher: to.Ptr("Canonical"), Offer: to.Ptr("0001-com-ubuntu-server-jammy"),
				SKU: to.Ptr("22_04-lts"), OSType: to.Ptr("Linux"), Version: to.Ptr("latest"),
			},
		},
	}, nil)
	long("VirtualMachines.CreateOrUpdate", vmPoller, err)
	claimable := machines.NewListPager(group, lab,
		&armdevtestlabs.VirtualMachinesClientListOptions{Filter: to.Ptr("properties/allowClaim")})
	expect("the claimable machine", names("VirtualMachines.List", claimable,
		func(page armdevtestlabs.VirtualMachinesClientListResponse) (found []string) {
			for _, each := range page.Value {
				found = append(found, *each.Name)
			}
			return
		}), vm)
	claim, err := machines.BeginClaim(ctx, group, lab, vm, nil)
	long("VirtualMachines.Claim", claim, err)
	artifacts, err := machines.BeginApplyArtifacts(ctx, group, lab, vm, armdevtestlabs.ApplyArtifactsRequest{
		Artifacts: []*armdevtestlabs.ArtifactInstallProperties{{
			ArtifactID: to.Ptr("/artifactsources/public repo/artifacts/linux-apt-package"),
			Parameters: []*armdevtestlabs.ArtifactParameterProperties{
				{Name: to.Ptr("packages"), Value: to.Ptr("nginx")}},
		}},
	}, nil)
	long("VirtualMachines.ApplyArtifacts", artifacts, err)
	stop, err := machines.BeginStop(ctx, group, lab, vm, nil)
	long("VirtualMachines.Stop", stop, err)

	images := labs.NewCustomImagesClient()
	shown, err := machines.Get(ctx, group, lab, vm,
		&armdevtestlabs.VirtualMachinesClientGetOptions{Expand: to.Ptr("properties($expand=artifacts,computeVm)")})
	step("VirtualMachines.Get", err)
	image, err := images.BeginCreateOrUpdate(ctx, group, lab, "golden", armdevtestlabs.CustomImage{
		Properties: &armdevtestlabs.CustomImageProperties{
			VM: &armdevtestlabs.CustomImagePropertiesFromVM{
				SourceVMID: shown.ID,
				LinuxOsInfo: &armdevtestlabs.LinuxOsInfo{
					LinuxOsState: to.Ptr(armdevtestlabs.LinuxOsStateNonDeprovisioned)},
			},
		},
	}, nil)
	long("CustomImages.CreateOrUpdate", image, err)

	vmGone, err := machines.BeginDelete(ctx, group, lab, vm, nil)
	long("VirtualMachines.Delete", vmGone, err)
	imageGone, err := images.BeginDelete(ctx, group, lab, "golden", nil)
	long("CustomImages.Delete", imageGone, err)
	labGone, err := labs.NewLabsClient().BeginDelete(ctx, group, lab, nil)
	long("Labs.Delete", labGone, err)
	groupGone, err := groups.NewResourceGroupsClient().BeginDelete(ctx, group, nil)
	long("ResourceGroups.Delete", groupGone, err)
	if failed {
		os.Exit(1)
	}
}
