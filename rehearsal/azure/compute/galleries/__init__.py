"""Compute galleries: image definitions and their versions, which stand in several regions."""
