"""SQL of migration: one function, one statement."""
