"""Comparison: two sides asked the same thing; what differs, what is noise, what to do about it."""

from banyan.comparison.model import Answer

__all__ = ["Answer"]
