"""Staff, worklist, roster and stock."""
