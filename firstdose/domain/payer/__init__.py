"""How a payer is reached, and what it covers."""
