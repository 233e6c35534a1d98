"""`python -m simlb.load`: the worker of one load, started by an instance."""

import sys

from simlb.load.program import main

if __name__ == "__main__":
    sys.exit(main())
