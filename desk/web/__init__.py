"""The desk's pages: rendered here, made to work without a script."""
