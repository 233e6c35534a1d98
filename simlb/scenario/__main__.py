"""`python -m simlb.scenario`: a run, or what else takes its time, in a process of its own; started by an instance."""

import sys

from simlb.scenario.program import main

if __name__ == "__main__":
    sys.exit(main())
