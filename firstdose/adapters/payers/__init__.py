"""Payers, one directory a channel."""
