"""Moving in: the original factory's folder of ARM templates and its Labs.json become files of ours.

Reads what others wrote years ago, so everything is bounded, nothing is guessed silently, and what
cannot be carried over is said line by line. Pure but for reading and writing files.
"""
