"""States that releases of this program left behind: each later one has to have nothing to do."""
