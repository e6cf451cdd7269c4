"""Everything that asks Azure, git or a key vault: clients, observers, and waiting for what is slow.

Gives what it saw as the plain values of :mod:`factory.observed`.
May not know the plan: it reports, and never decides.
"""
