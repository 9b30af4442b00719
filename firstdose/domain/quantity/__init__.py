"""How much of a drug an order is: administrations, and units of the code that it is billed by."""
