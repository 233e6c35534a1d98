"""Codecs without input or output: bytes in, heads and body pieces out."""
