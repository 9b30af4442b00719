"""Assessment, therapy and visit, and the gates before it."""
