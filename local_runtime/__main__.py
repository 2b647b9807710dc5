"""`python -m local_runtime`."""

from local_runtime.cli import main

if __name__ == "__main__":
    main()
