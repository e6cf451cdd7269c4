"""The Pulumi engine of the rehearsal: an official CLI on PATH, or one built from Go modules."""
