"""What every step of the process uses: state, control, journal, work items, effects, visibility."""
