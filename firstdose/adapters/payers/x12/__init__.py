"""Payers that speak X12 5010 through a clearinghouse: 270/271 for eligibility, 278 for authorizations."""
