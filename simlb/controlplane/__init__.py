"""The control port, what answers on it, and the file by which a running instance is found."""
