"""Hosted zones and what a name server says of them: names, values, change batches, answers. No sockets here."""
