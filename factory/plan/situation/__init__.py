"""Stage 1, resolve: every question about the stack is answered here once, as frozen values.

It alone knows settings, ledger and observed; what comes after reads attributes of the situation.
"""
