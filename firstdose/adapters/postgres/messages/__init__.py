"""Messages in and out, and what could not be delivered."""
