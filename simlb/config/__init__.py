"""The configuration file: schema, reading with exact places, and compilation to the model."""
