"""`python -m desk`: the same as the console command `firstdose`."""

from desk.cli.app import main

main()
