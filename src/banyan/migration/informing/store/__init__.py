"""SQL of informing: one function, one statement."""
