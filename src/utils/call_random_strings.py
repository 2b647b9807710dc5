"""Calls the API `random-strings` as one of its users: `python src/utils/call_random_strings.py --help`."""

import sys
from pathlib import Path


def main() -> None:
    if not __package__:  # run as a file: the project root is not on the path yet
        sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from src.utils.random_strings.cli import run_command_line

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
