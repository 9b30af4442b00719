"""`python -m workers`: one worker on every task queue."""

from workers.run import main

if __name__ == "__main__":
    main()
