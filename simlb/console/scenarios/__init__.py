"""Scenarios in the console: the shelf, runs in processes of their own, their journals and reports."""
