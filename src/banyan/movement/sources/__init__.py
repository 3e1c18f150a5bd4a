"""The databases of both sides: reading, writing, and catching what changes in them."""
