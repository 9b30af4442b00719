"""Referrals: intake, facts, journal and views."""
