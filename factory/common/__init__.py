"""What every room may use: text and YAML with places, errors, names, versions, durations, patterns.

Nothing here is about images in particular.
May not know any other room.
"""
