"""The business, pure: no input, no output, and now is always an argument."""
