"""Loja Boa: a small shop as one meets them in the wild, to be taken over by Banyan.

WSGI and SQLite, nothing but the standard library, grown over the years and honest about it: see
README.md for its oddities. ``python -m examples.legacy_shop`` runs it.
"""
