"""Faults on demand: rules as people write them, the book that counts them, what they do."""
