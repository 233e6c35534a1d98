"""Sockets: listeners, TLS, exchanges, the target pool and the health checker."""
