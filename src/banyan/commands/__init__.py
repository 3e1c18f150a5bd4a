"""The commands of `banyan`, one noun a module; `banyan.cli` puts them together."""
