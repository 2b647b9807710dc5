"""`make demo`: a system shown from its first request to its last answer, on this machine.

Everything runs as a user would run it: `python -m local_runtime`, the tools of src/utils, plain HTTP. The
state is thrown away at the end. The exit code is 1 when what is found is not what was sent.
"""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEMS = ("web_analytics", "click_logger", "event_reporting", "saas_metering", "app_analytics")


def main() -> None:
    if not __package__:  # run as a file: the project root is not on the path yet
        sys.path.insert(0, str(ROOT))
    from src.utils.demos.local_run import DemoError, console, local_run

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--system", choices=SYSTEMS, default=SYSTEMS[0], help="(default: %(default)s)")
    parser.add_argument("--assembly", type=Path, default=ROOT / "cdk.out", help="what `make synth` wrote")
    parser.add_argument("--events", type=int, default=10_000, help="events to send (default: %(default)s)")
    arguments = parser.parse_args()
    if not 1 <= arguments.events <= 1_000_000:
        parser.error(f"--events must be 1-1000000 (got {arguments.events})")
    demo = importlib.import_module(f"src.utils.demos.{arguments.system}")
    started = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="demo-") as folder,
            local_run(arguments.assembly, Path(folder)) as run,
        ):
            agrees = demo.show(run, arguments.events)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    console.print(f"The demo took {time.monotonic() - started:.0f} s.")
    sys.exit(0 if agrees else 1)


if __name__ == "__main__":
    main()
