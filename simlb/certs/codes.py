"""The E2xx codes that this room raises, one place for all. (E201 and E202 are seen on the wire, by the data plane.)"""

from __future__ import annotations

NAME_NOT_PERMITTED = "E203"
"""A name that the local CA may not sign, or that is no host name."""

FILE_UNUSABLE = "E204"
"""A certificate or key file of the user's that cannot be read, parsed or served."""

KEY_MISMATCH = "E205"
"""A key file of the user's that belongs to another certificate."""

DIRECTORY_UNUSABLE = "E206"
"""The certificates directory cannot be read or written."""

AUTHORITY_DAMAGED = "E207"
"""The local CA's own files are incomplete, damaged, or somebody else's."""

DIRECTORY_BUSY = "E208"
"""Another process has held the certificates directory for too long."""

FILE_FOREIGN = "E209"
"""A file of somebody else's lies where an issued certificate would go."""

NOT_PERMITTABLE = "E852"
"""A domain that the local CA is not given the right to sign for, whoever asks."""

NOT_LISTED = "E853"
"""A domain is to be taken away that the local CA had not been given."""

NOT_CONFIRMED = "E854"
"""A change of what the local CA may sign that nobody has confirmed as it would be made."""

PERMITS_UNREADABLE = "E855"
"""The list of further domains that the local CA may sign for cannot be read."""

PERMITS_DIFFER = "E856"
"""The local CA and the list of further domains beside it say different things."""
