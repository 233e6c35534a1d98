"""`mutual_authentication` of a listener: the mode, and the files of a trust store (reference 6.6)."""

from __future__ import annotations

from pathlib import Path

from simlb.config.context import Context
from simlb.config.documents import ListenerEntry, MutualAuthenticationEntry
from simlb.config.problems import CERTIFICATE_FILE, Refused
from simlb.core import ids, trust_stores
from simlb.core.model import MutualAuthentication, Protocol, TrustStore
from simlb.core.trust_stores import CONTENT_MAX_BYTES, NAME, NAME_MAX, ContentError
from simlb.core.validation import mutual_authentication_errors, only_with_verify


class TrustStoreCompiler:
    """Reads the trust stores of one file. Listeners with the same files share one."""

    def __init__(self, context: Context, region: str) -> None:
        self._context = context
        self._region = region
        self._stores: dict[tuple[str, ...], TrustStore] = {}

    def compile(self, listener: ListenerEntry) -> MutualAuthentication | None:
        """What a listener asks of its clients; None when it asks for nothing. Problems are noted."""
        entry = listener.mutual_authentication
        if entry is None:
            return None
        found: list[MutualAuthentication | None] = []
        with self._context.at(listener, "mutual_authentication"):
            found.append(self._compile(listener, entry))
        return found[0] if found else None

    def _compile(self, listener: ListenerEntry, entry: MutualAuthenticationEntry) -> MutualAuthentication | None:
        if entry.mode != "verify":
            for error in only_with_verify(
                entry.mode,
                trust_store=entry.trust_store is not None or bool(entry.revocations),
                ignores_expiry=entry.ignore_client_certificate_expiry,
                advertises=entry.advertise_trust_store_ca_names == "on",
            ):
                raise Refused(f"{error.message} ({error.code})")
        if entry.mode == "off":
            return None
        store = self._store(entry) if entry.trust_store is not None and entry.mode == "verify" else None
        mutual = MutualAuthentication(
            mode=entry.mode,
            trust_store_arn=None if store is None else store.arn,
            ignore_client_certificate_expiry=entry.ignore_client_certificate_expiry,
            advertise_trust_store_ca_names=entry.advertise_trust_store_ca_names == "on",
            trust_store=store,
        )
        for error in mutual_authentication_errors(Protocol(listener.protocol), mutual):
            raise Refused(f"{error.message} ({error.code})")
        return mutual

    def _store(self, entry: MutualAuthenticationEntry) -> TrustStore:
        assert entry.trust_store is not None
        files = (entry.trust_store, *entry.revocations)
        if files not in self._stores:
            self._stores[files] = self._read(entry.trust_store, entry.revocations)
        return self._stores[files]

    def _read(self, bundle: str, revocations: list[str]) -> TrustStore:
        digits = ids.resource_id(self._region, "truststore", bundle, *revocations)
        name = self._name(bundle, digits)
        try:
            text, count = trust_stores.read_bundle(self._content(bundle))
        except ContentError as error:
            raise Refused(f"'{bundle}' is no bundle of CA certificates: {error}", code=CERTIFICATE_FILE) from error
        store = TrustStore(
            name=name,
            arn=trust_stores.trust_store_arn(self._region, name, digits),
            ca_certificates=text,
            number_of_ca_certificates=count,
        )
        for revocation in revocations:
            try:
                content = trust_stores.read_revocation_list(self._content(revocation))
                store, _ = trust_stores.with_revocations(store, [content])
            except ContentError as error:
                raise Refused(f"'{revocation}' is no revocation list: {error}", code=CERTIFICATE_FILE) from error
        return store

    def _content(self, written: str) -> bytes:
        path = self._context.path(written)
        try:
            with path.open("rb") as file:
                return file.read(CONTENT_MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            raise Refused(f"the file '{path}' cannot be read: {error}", code=CERTIFICATE_FILE) from error

    def _name(self, bundle: str, digits: str) -> str:
        """The file's, as far as a trust store may be called that and no other one is."""
        taken = {store.name for store in self._stores.values()}
        signs = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in Path(bundle).stem)
        name = "-".join(part for part in signs.split("-") if part)[: NAME_MAX - 9].rstrip("-")
        if not name or name in taken or NAME.fullmatch(name) is None:
            name = f"{name}-{digits[:8]}" if name else digits[:8]
        return name
