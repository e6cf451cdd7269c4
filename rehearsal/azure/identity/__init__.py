"""Who may call: tenants, principals, their tokens and their roles; and the token endpoint."""
