"""Target processes that simlb starts, watches and ends."""
