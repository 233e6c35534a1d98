"""Decisions only: no sockets, no clocks, no event loop. Time, randomness and identifiers are arguments."""
