"""What Azure reports, as plain values: labs, VMs, images, permissions, artifact manifests.

The reading of an answer is here, the asking in :mod:`factory.azure`.
May not do any I/O.
"""
