"""SQL of comparison: one function, one statement."""
