"""`python -m local_runtime`."""

import os

# Read when Arrow is loaded, hence before anything else: its own allocator keeps several times what it uses.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

from local_runtime.cli import main

if __name__ == "__main__":
    main()
