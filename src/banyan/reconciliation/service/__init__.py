"""Use cases of reconciliation."""
