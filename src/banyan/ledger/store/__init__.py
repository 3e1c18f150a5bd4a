"""SQL of the ledger: one function, one statement."""
