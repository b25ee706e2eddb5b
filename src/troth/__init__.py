"""Troth: an open-source loyalty engine whose every point is provable."""

__version__ = "0.1.0"
