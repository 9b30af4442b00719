"""Payers reached by phone, fax and portal."""
