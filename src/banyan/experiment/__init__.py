"""Scientist for code: run both, compare, report."""
