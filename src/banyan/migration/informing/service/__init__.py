"""Use cases of informing."""
