"""Microsoft Graph: the calls that command-line clients make to learn who somebody is."""
