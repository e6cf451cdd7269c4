"""What an image is: ``images/**/*.yaml``, inheritance, lineage, artifacts and ``images.lock``.

Files are read here and nowhere else; what comes out is frozen, and knows its place in its file.
May not know settings: a definition is the same in every stack.
"""
