"""Stages 2 and 3, judge and admit: what becomes of each version, and why.

A verdict carries its reason. Here nothing is asked but the situation, and no Azure name is given.
"""
