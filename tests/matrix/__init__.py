"""What matters most, on the oldest engine that is accepted, the pinned one and the newest."""
