"""SQL of reconciliation: one function, one statement."""
