"""``python -m banyan`` is the command line."""

from banyan.cli import main

main()
