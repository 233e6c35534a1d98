"""`python -m simlb` is the `simlb` command."""

from simlb.cli.main import main

raise SystemExit(main())
