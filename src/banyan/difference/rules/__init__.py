"""How answers are compared: pure functions."""
