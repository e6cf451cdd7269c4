"""The control API of the rehearsal, under its own prefix."""
