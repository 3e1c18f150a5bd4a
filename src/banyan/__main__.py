"""``python -m banyan`` is the command line."""

from banyan.cli import main

if __name__ == "__main__":
    main()
