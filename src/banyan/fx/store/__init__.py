"""SQL of foreign exchange: one function, one statement."""
