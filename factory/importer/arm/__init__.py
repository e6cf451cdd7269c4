"""Azure's template language: an expression's syntax, its functions, and what a scope knows.

It knows nothing of labs or of importing: a template's text goes in, values come out, each with what
is not known before a deployment (a hole, with the reason) and what is secure.
"""
