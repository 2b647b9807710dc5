"""Sends fake events to the API or to a delivery stream: `python src/utils/gen_fake_data.py --help`."""

import sys
from pathlib import Path


def main() -> None:
    if not __package__:  # run as a file: the project root is not on the path yet
        sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from src.utils.fake_data.cli import run_command_line

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
