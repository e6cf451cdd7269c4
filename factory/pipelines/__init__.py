"""What a CI job does, so that its YAML only says when and where; ``factory/cli/ci.py`` leads in.

Runs ``pulumi``, reads the plans that runs left behind, and tells people and chats what came of it.
May not know the components, nor decide what a run does to Azure: that is the plan's alone.
"""
