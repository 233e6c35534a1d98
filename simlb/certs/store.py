"""The certificates directory: reuses a good leaf, issues one otherwise, makes and renews the local CA.

    ca.pem                        the root's certificate: what clients trust
    issuing-ca.pem, .key          what signs the leafs; the root's key exists nowhere
    permitted.json                what it may sign beyond its own (`simlb.certs.permits`)
    <slug>.pem, .key, .json       a leaf with its chain, its key, and the sidecar that makes a warm start cheap

A start that finds all in order neither writes, nor locks, nor imports `cryptography`. Everything else happens under the
directory's lock, after looking again. Files are replaced whole. A leaf keeps its key when it is issued again: whoever
could read the key could read the issuing key beside it, and so a process that loads the two files at the very moment of
a renewal still gets a pair that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.certs import files, permits, sidecar
from simlb.certs.codes import AUTHORITY_DAMAGED, FILE_FOREIGN, NOT_CONFIRMED, PERMITS_DIFFER
from simlb.certs.names import hardly_accepted, permitted, slug
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.certs.authority import IssuingAuthority, KeyAlgorithm

RENEW_BEFORE = timedelta(days=30)
"""Leafs and the CA are replaced when they have less than this left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate that can be served, and where it lies."""

    names: tuple[str, ...]
    """DNS names and IP addresses, normalised (`simlb.certs.matching.covers` says which hosts they cover)."""
    certificate_path: Path
    """PEM: the leaf, then its chain without the root."""
    key_path: Path
    """PEM without passphrase, readable by its owner only."""
    not_after: datetime
    """Aware, in UTC."""
    sha256: str
    """The fingerprint of the leaf (DER), in lower-case hex."""
    fresh: bool
    """Issued by this call, not found."""
    notices: tuple[str, ...] = ()
    """What the user should be told: sentences, most often none. A replaced CA, which must be trusted again, is one."""


class CertificateStore:
    """The local CA in `directory` and the certificates it has issued. Safe to use from several processes at once."""

    def __init__(self, directory: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`directory` is made on first use, not here. `now` gives the wall-clock time, aware."""
        self.directory = directory
        self._now = now
        self.issuing_path = directory / "issuing-ca.pem"
        """What signs the leafs, as its certificate."""
        self._issuing_key_path = directory / "issuing-ca.key"
        # Stands while the CA's three files are being replaced, so that a crash in between is seen for what it is.
        self._making_path = directory / "ca.making"

    @property
    def ca_path(self) -> Path:
        """The root's certificate, which clients trust; it exists once a certificate has been issued."""
        return self.directory / "ca.pem"

    def ensure(self, names: Sequence[str]) -> IssuedCertificate:
        """A certificate for exactly these names: the stored one, or else a new one.

        The stored one is used when it was issued by the present CA, is intact, and has 30 days or more left. A missing
        CA is made; one with less than 30 days left is replaced, and the result's `notices` say so. Call it again every
        day or so in a long-running process: that is how leafs renew themselves.

        Raises SimlbError: E203 for names that the CA may not sign, E206 for an unusable directory, E207 for a damaged
        or foreign CA, E208 when another process does not give the directory free, E209 when files of the user's own lie
        where the certificate would go, E855 and E856 for a list of further domains that cannot be read or is not the
        CA's.
        """
        domains = permits.read(self.directory)
        found = self._reusable(permitted(names, domains), domains)
        if found is not None:
            return found
        with files.coded_errors(self.directory), files.exclusive(self.directory):
            # Another instance may have issued it while this one waited; or the CA is another one by now.
            domains = permits.read(self.directory)
            wanted = permitted(names, domains)
            return self._reusable(wanted, domains) or self._issue(wanted, domains)

    @property
    def has_authority(self) -> bool:
        """Whether there is a CA, sound or not. None, when making it broke off."""
        return not self._making_path.exists() and any(path.exists() for path in self._authority_paths)

    def permitted_domains(self) -> tuple[str, ...]:
        """What the CA may sign for beyond its own, and what the list beside it says where that is more.

        Raises SimlbError E207 for a damaged CA, E855 for a list that cannot be read.
        """
        signed = self.load_authority().domains if self.has_authority else ()
        return tuple(dict.fromkeys((*signed, *permits.read(self.directory))))

    def replace_authority(self, domains: Sequence[str], *, instead_of: Sequence[str] | None = None) -> None:
        """A new CA in place of the present one, which may sign for these domains too, each with all names below it.

        Leafs are issued by it when they are next asked for. Nothing is kept of the old CA; a start of which nothing
        else is left finishes what a crash broke off. `instead_of` are the domains that were permitted when somebody
        decided this. Raises SimlbError as `ensure`, E852 for domains that it may not be given, and E854 when others
        are permitted by now.
        """
        wanted = permits.permittable(domains)
        with files.coded_errors(self.directory), files.exclusive(self.directory):
            if self.has_authority:
                self.load_authority()  # what is damaged or somebody else's is not overwritten
            if instead_of is not None and self.permitted_domains() != tuple(instead_of):
                raise SimlbError(
                    NOT_CONFIRMED, "Meanwhile the local CA has become another one: nothing was changed.", "ask again"
                )
            self._make_authority(wanted)

    def issue(self, names: Sequence[str], algorithm: KeyAlgorithm = "EC_prime256v1") -> tuple[bytes, bytes]:
        """A new certificate for these names that is stored nowhere: chain and key in PEM. Raises as `ensure`."""
        return self._issue_apart(names, algorithm, expired=False)

    def issue_expired(self, names: Sequence[str]) -> tuple[bytes, bytes]:
        """As `issue`, but its time ended a day ago: clients refuse it for that alone."""
        return self._issue_apart(names, "EC_prime256v1", expired=True)

    def _issue_apart(self, names: Sequence[str], algorithm: KeyAlgorithm, *, expired: bool) -> tuple[bytes, bytes]:
        from simlb.certs.authority import key_pem, new_leaf_key

        with files.coded_errors(self.directory), files.exclusive(self.directory):
            domains = permits.read(self.directory)
            wanted = permitted(names, domains)
            authority, _ = self._authority(domains)
        key = new_leaf_key(algorithm)
        issue = authority.issue_expired if expired else authority.issue
        return issue(wanted, key, self._now()).chain_pem, key_pem(key)

    def import_pair(self, certificate: Path, key: Path) -> IssuedCertificate:
        """The user's own PEM files, checked and left where they are; any names, any CA.

        Raises SimlbError: E204 for a file that cannot be read, parsed or served, E205 for a key of another certificate.
        A certificate out of its time is let through with a notice, since refusing it is the client's part.
        """
        from simlb.certs.imported import inspect_pair

        pair = inspect_pair(certificate, key)
        notices = []
        if pair.not_after < self._now():
            notices.append(
                f"The certificate in {certificate} expired on {pair.not_after:%Y-%m-%d}: clients will refuse it."
            )
        if pair.not_before > self._now():
            notices.append(f"The certificate in {certificate} is valid from {pair.not_before:%Y-%m-%d} on: not yet.")
        return IssuedCertificate(
            names=pair.names,
            certificate_path=certificate,
            key_path=key,
            not_after=pair.not_after,
            sha256=pair.sha256,
            fresh=False,
            notices=tuple(notices),
        )

    def _reusable(self, names: tuple[str, ...], domains: tuple[str, ...]) -> IssuedCertificate | None:
        certificate_path, key_path, sidecar_path = self._leaf_paths(names)
        known = sidecar.read(sidecar_path)
        now = self._now()
        if known is None or known.names != names or not known.not_before <= now <= known.not_after - RENEW_BEFORE:
            return None
        try:
            authority_sha256 = self._authority_digest(domains)
            file_sha256 = sidecar.digest(certificate_path.read_bytes())
        except OSError:
            return None  # looked at again, and reported, under the lock
        if (known.authority_sha256, known.file_sha256) != (authority_sha256, file_sha256):
            return None
        if not _fit(certificate_path, key_path):
            return None
        return IssuedCertificate(
            names=names,
            certificate_path=certificate_path,
            key_path=key_path,
            not_after=known.not_after,
            sha256=known.sha256,
            fresh=False,
        )

    def _issue(self, names: tuple[str, ...], domains: tuple[str, ...]) -> IssuedCertificate:
        from simlb.certs.authority import is_foreign, key_pem, load_key, new_key

        certificate_path, key_path, sidecar_path = self._leaf_paths(names)
        stored_key = _content(key_path)
        if is_foreign(_content(certificate_path), stored_key):
            raise SimlbError(
                FILE_FOREIGN,
                f"{certificate_path} or its .key is not simlb's, and simlb does not replace it.",
                "Use it as it is:  certificates: [{certificate_file: ..., key_file: ...}]   or move both files away.",
            )
        authority, notices = self._authority(domains)
        key = load_key(stored_key) if stored_key is not None else None
        if key is None:
            key = new_key()
            files.write_atomically(key_path, key_pem(key), mode=files.PRIVATE_MODE)
        else:
            files.tighten(key_path)
        leaf = authority.issue(names, key, self._now())
        files.write_atomically(certificate_path, leaf.chain_pem, mode=files.PUBLIC_MODE)
        known = sidecar.Sidecar(
            names=names,
            not_before=leaf.not_before,
            not_after=leaf.not_after,
            sha256=leaf.sha256,
            file_sha256=sidecar.digest(leaf.chain_pem),
            authority_sha256=self._authority_digest(domains),
        )
        files.write_atomically(sidecar_path, known.encode(), mode=files.PUBLIC_MODE)
        return IssuedCertificate(
            names=names,
            certificate_path=certificate_path,
            key_path=key_path,
            not_after=leaf.not_after,
            sha256=leaf.sha256,
            fresh=True,
            notices=(*notices, *(_wildcard_notice(name) for name in hardly_accepted(names))),
        )

    @property
    def _authority_paths(self) -> tuple[Path, Path, Path]:
        return self.ca_path, self.issuing_path, self._issuing_key_path

    def _authority_digest(self, domains: tuple[str, ...]) -> str:
        return sidecar.authority_digest(self.ca_path.read_bytes(), self.issuing_path.read_bytes(), domains)

    def _authority(self, domains: tuple[str, ...]) -> tuple[IssuingAuthority, tuple[str, ...]]:
        """The present CA, made or renewed if need be. Only under the lock."""
        also = f" It may sign names below {', '.join(domains)}, too." if domains else ""
        if not any(path.exists() for path in self._authority_paths):
            made = self._make_authority(domains)
            return made, ((f"simlb has made a local CA, {self.ca_path}.{also}",) if also else ())
        if self._making_path.exists():
            why = "An earlier start broke off while it made the local CA"
            return self._make_authority(domains), (self._replaced(why, also),)
        authority = self.load_authority()
        self._check_domains(authority.domains, domains)
        now = self._now()
        if now < authority.not_before:
            raise SimlbError(
                AUTHORITY_DAMAGED,
                f"The local CA in {self.directory} is valid from {authority.not_before:%Y-%m-%d %H:%M} UTC on, "
                f"but this computer's clock says {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC.",
                "Set the clock right; no client would accept the certificates as things are.",
            )
        if authority.not_after - now < RENEW_BEFORE:
            verb = "expired" if authority.not_after <= now else "expires"
            why = f"The local CA {verb} on {authority.not_after:%Y-%m-%d}"
            return self._make_authority(domains), (self._replaced(why, also),)
        if files.tighten(self._issuing_key_path):
            return authority, (f"{self._issuing_key_path} was readable by other users; now it is yours only (0600).",)
        return authority, ()

    def load_authority(self) -> IssuingAuthority:
        """The present CA as its files say. Raises SimlbError E207 when they are no CA of simlb's, E206."""
        from simlb.certs.authority import AuthorityDamagedError, load_authority

        missing = next((path.name for path in self._authority_paths if not path.exists()), None)
        if missing is not None:
            raise self._damaged(f"{missing} is missing")
        with files.coded_errors(self.directory):
            contents = [path.read_bytes() for path in self._authority_paths]
        try:
            return load_authority(*contents)
        except AuthorityDamagedError as error:
            raise self._damaged(str(error)) from error

    def check_domains(self, authority: IssuingAuthority) -> None:
        """Raise SimlbError E855 or E856 when the list of further domains cannot be read, or is not this CA's."""
        self._check_domains(authority.domains, permits.read(self.directory))

    def _make_authority(self, domains: tuple[str, ...]) -> IssuingAuthority:
        """Whatever breaks off in the middle is done again by the next start, with the old domains or the new ones."""
        from simlb.certs.authority import make_authority

        if domains:
            permits.permittable(domains)  # the file may have been written by hand
        made = make_authority(self._now(), domains)
        permits_path = self.directory / permits.FILE_NAME
        files.write_atomically(self._making_path, b"", mode=files.PUBLIC_MODE)
        if domains:
            files.write_atomically(permits_path, permits.encode(domains), mode=files.PRIVATE_MODE)
        else:
            permits_path.unlink(missing_ok=True)
        files.write_atomically(self._issuing_key_path, made.issuing_key_pem, mode=files.PRIVATE_MODE)
        files.write_atomically(self.issuing_path, made.issuing_pem, mode=files.PUBLIC_MODE)
        files.write_atomically(self.ca_path, made.root_pem, mode=files.PUBLIC_MODE)
        self._making_path.unlink()
        return self.load_authority()

    def _leaf_paths(self, names: tuple[str, ...]) -> tuple[Path, Path, Path]:
        stem = slug(names)
        return self.directory / f"{stem}.pem", self.directory / f"{stem}.key", self.directory / f"{stem}.json"

    def _replaced(self, why: str, also: str) -> str:
        return (
            f"{why}: simlb has made a new one, {self.ca_path}. Trust it again wherever you trusted the old one.{also}"
        )

    def _check_domains(self, signed: tuple[str, ...], listed: tuple[str, ...]) -> None:
        if signed == listed:
            return
        signed_words, listed_words = (", ".join(domains) or "nothing" for domains in (signed, listed))
        raise SimlbError(
            PERMITS_DIFFER,
            f"The local CA in {self.directory} may sign {signed_words} beyond its own, "
            f"but {permits.FILE_NAME} beside it lists {listed_words}.",
            "say again what it is to be: simlb cert ca --permit NAME, or --forbid NAME",
        )

    def _damaged(self, what: str) -> SimlbError:
        return SimlbError(
            AUTHORITY_DAMAGED,
            f"The local CA in {self.directory} cannot be used: {what}.",
            "Put the file back, or move ca.pem, issuing-ca.pem and issuing-ca.key away: simlb then makes a new CA,",
            "which has to be trusted again wherever the old one was.",
        )


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None  # what cannot be read is replaced, or else reported when replacing it fails


def _wildcard_notice(name: str) -> str:
    return f"Most clients do not accept a wildcard as broad as '{name}': list the names that you use."


def _fit(certificate_path: Path, key_path: Path) -> bool:
    """Whether key and certificate are readable and belong together, as OpenSSL sees it."""
    import ssl

    try:
        # The empty passphrase keeps OpenSSL from asking the terminal for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate_path, key_path, password="")
    except (ssl.SSLError, OSError):
        return False
    return True
