"""The web console: its page, what that page shows, and what it asks for beyond the control port's own JSON."""

from simlb.console.console import Console

__all__ = ["Console"]
