"""A stand-in for the azure-native plugin 3.29.0: the same wire, for the resources used here."""
