"""SQL of the movement of data: one function, one statement."""
