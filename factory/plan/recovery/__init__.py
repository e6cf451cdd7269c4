"""What Azure has and no state knows: orphans, and what a lost state can be made again from.

For the day on which Azure and state do not agree; no ordinary plan needs it.
"""
