"""Payers: plans, contacts, health, turnaround."""
