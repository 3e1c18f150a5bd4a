"""SQL of commission, one noun a module: one function, one statement."""
