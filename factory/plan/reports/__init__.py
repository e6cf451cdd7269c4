"""A plan, a forecast and one definition's story, as texts for people and as JSON for machines.

It decides nothing, and opens no file.
"""
