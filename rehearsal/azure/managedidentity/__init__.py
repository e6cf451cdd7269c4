"""Microsoft.ManagedIdentity: identities and what they believe."""
