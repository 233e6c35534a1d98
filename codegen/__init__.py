"""Programs that make checked-in tables of simlb from other people's models. Not part of what is installed."""
