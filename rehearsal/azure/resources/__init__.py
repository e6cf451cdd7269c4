"""Microsoft.Resources: subscriptions, resource groups, providers, and cloud metadata."""
