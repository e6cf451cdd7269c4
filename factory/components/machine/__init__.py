"""The VMs that build and verify: declared, ordered in a size there is room for, and worked on.

``machine`` is the life of one VM with its retries; ``build`` and ``verification`` are its two uses.
May not know images, copies or labs' deliveries: a version hands over what a VM is for.
"""
