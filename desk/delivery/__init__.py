"""Delivery of stored messages: the inbox to workflows, the outbox to others, and the loop of both."""
