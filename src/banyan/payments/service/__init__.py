"""Use cases of payments, one noun a module."""
