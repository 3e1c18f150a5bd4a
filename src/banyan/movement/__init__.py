"""Movement: tables of a legacy database copied, kept up with, verified, and copied back."""
