"""Stored messages on their way: the inbox to workflows, the outbox to others, and the loop of both."""
