"""Failures on demand: one file per fault, and the book that installs, lists and undoes them."""
