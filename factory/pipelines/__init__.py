"""What a pipeline needs to know and to do: so that its YAML only says when and where.

``python -m factory ci`` (factory/cli/ci.py) is the one way in. Nothing here decides what a run does
to Azure: that is the plan's alone.
"""
