"""The local certificate authority and the certificates it issues."""
