"""Decisions about plans and routes: plain functions on plain values."""
