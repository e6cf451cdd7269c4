"""Microsoft.Compute: the machine behind a lab VM, disks, snapshots, images, the marketplace."""
