"""Why: what happened to a request, why a target is in its state, what would happen - in words, when asked for."""
