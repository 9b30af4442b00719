"""What the process knows, and what it speaks to."""
