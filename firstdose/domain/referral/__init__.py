"""What a referral source tells: people, coverage, order, and what is missing of it."""
