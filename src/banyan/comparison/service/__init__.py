"""Use cases of comparison."""
