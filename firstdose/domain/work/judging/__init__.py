"""The rules by which a resolution is judged against the request, the state of the process, and the time."""
