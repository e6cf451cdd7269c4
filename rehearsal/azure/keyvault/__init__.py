"""Key Vault: secrets can be read, each vault under a host of its own on loopback."""
