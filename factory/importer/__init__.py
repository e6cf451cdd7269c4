"""The original factory's files become ours: ARM templates and Labs.json to definitions and stacks.

Reads what others wrote years ago: all is bounded, nothing is guessed, and what is lost is told.
May not know the plan or the components: what it writes is checked as any user's files are.
"""
