"""Microsoft.Authorization: role definitions and assignments, at any scope."""
