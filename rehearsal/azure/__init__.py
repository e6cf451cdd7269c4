"""The local Azure: what ARM, its token service and three resource providers answer."""
