"""What every step of the process stands on: state, control, journal, work items, effects, visibility."""
