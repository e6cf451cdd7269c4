"""What commands share: options, where a project lies, from a stack's name to the plan's inputs.

``engine`` asks the ``pulumi`` command; ``ci_job`` is where the steps of a CI job begin and end.
May not know any single command.
"""
