"""Comparison: two sides asked the same thing; what differs, what is noise, what to do about it."""
