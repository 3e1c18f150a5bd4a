"""SQL of payments, one noun a module: one function, one statement."""
