"""Decisions of commission: which rule holds, what it comes to, which tax, which tier."""
