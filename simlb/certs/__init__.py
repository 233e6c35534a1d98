"""The local certificate authority and the certificates it issues.

Nothing is imported here: `store` and `matching` are light, `authority`, `imported` and `ephemeral` load `cryptography`.
"""
