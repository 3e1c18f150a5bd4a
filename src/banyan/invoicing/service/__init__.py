"""Use cases of invoicing: one noun a module."""
