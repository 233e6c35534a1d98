"""Scenarios: failure stories with a load, a timeline and expectations, told in Korean and English.

A file (`scenario/1`) is read by `compile`, into the dataclasses of `model`; everything here but the running itself is
pure: no sockets, no clocks, no loops.
"""
