"""The replacement of ``examples.legacy_shop``, on Banyan's API: same pages, asked for at once.

``python -m examples.new_shop`` runs it; README.md says what it takes from where.
"""
