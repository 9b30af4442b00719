"""Data keys, and the check of keys before anything is written."""
