"""Use cases of migration."""
