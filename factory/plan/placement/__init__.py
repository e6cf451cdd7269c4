"""Stage 4, place: verdicts become declared versions: where, and made from what."""
