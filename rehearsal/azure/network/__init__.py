"""Microsoft.Network: what a lab's network needs, from a table."""
