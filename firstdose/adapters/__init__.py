"""The ports, made real."""
