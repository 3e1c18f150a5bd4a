"""SQL of invoicing: one noun a module."""
