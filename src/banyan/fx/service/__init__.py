"""Use cases of foreign exchange."""
