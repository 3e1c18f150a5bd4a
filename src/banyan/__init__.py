"""Banyan: marketplace infrastructure that grows around the platform a company already runs."""

__version__ = "0.1.0"
