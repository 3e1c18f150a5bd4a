"""Use cases of commission."""
