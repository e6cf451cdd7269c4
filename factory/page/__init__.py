"""The site: what is known of all stacks as data, and pages made of that data alone.

``site_data`` gives plain values, ``site`` the files that show them; it opens none but its own
templates. May not know Azure, the engine or the command line.
"""
