"""Lines of an authorization, the payer's answers, and what is left after a denial."""
