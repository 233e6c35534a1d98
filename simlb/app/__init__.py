"""The application object that wires the rooms together, and the function that runs it."""

from simlb.app.options import AppOptions, Presenter
from simlb.app.serving import serve

__all__ = ["AppOptions", "Presenter", "serve"]
