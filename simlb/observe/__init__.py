"""Where events go: access-log files and the ring that `simlb logs` reads."""
