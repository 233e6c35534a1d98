"""simlb: a local, offline AWS Application Load Balancer.

Importing this package is cheap on purpose: command-line answers and target wrappers start with it.
"""

__version__ = "0.1.0"
