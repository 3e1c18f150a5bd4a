"""Decisions of foreign exchange, without input or output."""
