"""Work items, who does them, and what the process tells the store."""
