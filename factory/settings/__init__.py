"""What a stack may say: its file, what each key may be, and what files say only together.

Every fault is told at once, with its place.
Only ``engine_config`` and ``engine_command`` ask Pulumi.
May not know Azure, nor what a stack holds.
"""
