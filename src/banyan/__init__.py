"""Banyan: marketplace infrastructure that grows around the platform a company already runs."""
