"""`simlb cert ca`: what the local CA is, and which domains it may sign for beyond its own."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.cli.cert import ca_path, missing
from simlb.cli.spelling import short_path, simlb_command
from simlb.cli.terminal import Style, columns, ticked
from simlb.controlplane import runfile
from simlb.controlplane.paths import default_state_dir
from simlb.errors import EXIT_EXPECTATION_FAILED, EXIT_FINE, SimlbError

if TYPE_CHECKING:
    from simlb.certs.authority import IssuingAuthority
    from simlb.certs.store import CertificateStore

USUAL = "localhost, *.localhost, *.test and loopback addresses"


def ca(arguments: Namespace) -> int:
    """Show the CA; or put another in its place that may sign for more domains, or for fewer."""
    from simlb.certs.store import CertificateStore

    path = ca_path(arguments.instance)
    store = CertificateStore(path.parent)
    if arguments.permit or arguments.forbid:
        return _change(arguments, store)
    if not path.is_file():
        raise missing(path)
    authority = store.load_authority()
    _show(authority, path, as_json=arguments.json, is_new=False)
    store.check_domains(authority)
    return EXIT_FINE


def _change(arguments: Namespace, store: CertificateStore) -> int:
    from simlb.certs import permits

    is_there = store.has_authority
    present = store.permitted_domains()
    wanted = permits.changed(present, permit=arguments.permit, forbid=arguments.forbid)
    listed = permits.read(store.directory)
    authority = store.load_authority() if is_there else None
    if wanted == listed == (() if authority is None else authority.domains):
        if authority is None:
            raise missing(store.ca_path)
        _show(authority, store.ca_path, as_json=arguments.json, is_new=False)
        if not arguments.json:
            print("It may sign that already: nothing was changed.")
        return EXIT_FINE
    if not arguments.yes:
        meaning = tuple(_meaning(store, present, wanted, is_there=is_there))
        if arguments.json or not sys.stdin.isatty():
            from simlb.certs.codes import NOT_CONFIRMED

            raise SimlbError(
                NOT_CONFIRMED, "This has to be confirmed, and nobody is there to be asked.", "add --yes", notes=meaning
            )
        for line in meaning:
            print(line)
        if not _confirmed("Replace it? [y/N] " if is_there else "Make it? [y/N] "):
            print("Nothing was changed.")
            return EXIT_EXPECTATION_FAILED
    store.replace_authority(wanted, instead_of=present)
    _show(store.load_authority(), store.ca_path, as_json=arguments.json, is_new=True)
    if not arguments.json:
        for line in _afterwards(store.directory, was_there=is_there):
            print(line)
    return EXIT_FINE


def _meaning(
    store: CertificateStore, present: tuple[str, ...], wanted: tuple[str, ...], *, is_there: bool
) -> Iterator[str]:
    what = "is replaced by one that" if is_there else "is made now, and"
    further = f", and {_below(wanted)}" if wanted else " only"
    yield f"The local CA, {store.ca_path}, {what} may sign {USUAL}{further}."
    if added := [domain for domain in wanted if domain not in present]:
        yield f"  · New: {_below(added)}. Unlike .localhost and .test, such names exist on the Internet."
    if wanted:
        yield f"  · Whoever steals {store.directory / 'issuing-ca.key'} can pretend to be {' or '.join(wanted)},"
        yield "    and whatever is below, to everybody who trusts the new CA. Trust it on this machine only."
    if is_there:
        yield "  · Whoever trusts the present CA has to trust the new one: same file, other content."
        yield "  · Take the present one out of the trust stores where you put it: nobody needs it any more."
        yield "  · Certificates that simlb has issued are issued again, by the new CA, at the next start or reload."


def _below(domains: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"{domain} with every name below it" for domain in domains)


def _confirmed(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        print()
        return False


def _show(authority: IssuingAuthority, path: Path, *, as_json: bool, is_new: bool) -> None:
    not_before, not_after = authority.not_before, authority.not_after
    if as_json:
        shown = {
            "path": str(path),
            "sha256": authority.ca_sha256,
            "not_before": not_before.isoformat(),
            "not_after": not_after.isoformat(),
            "signs": ["localhost", "*.localhost", "*.test", "127.0.0.0/8", "::1"]
            + [name for domain in authority.domains for name in (domain, f"*.{domain}")],
            "permitted": list(authority.domains),
            "is_new": is_new,
        }
        print(json.dumps(shown, indent=2))
        return
    style = Style.of(sys.stdout)
    rows = [
        ("file", str(path)),
        ("SHA-256", ":".join(authority.ca_sha256[at : at + 2] for at in range(0, 64, 2)).upper()),
        ("valid", f"{not_before:%Y-%m-%d} to {not_after:%Y-%m-%d}"),
        ("signs", USUAL),
        *(("permitted", f"{domain}, *.{domain}") for domain in authority.domains),
    ]
    print(ticked("A new local CA" if is_new else "The local CA", style))
    for line in columns(rows):
        print(f"   {line}")


def _afterwards(directory: Path, *, was_there: bool) -> Iterator[str]:
    if was_there:
        root = short_path(directory / "ca.pem")
        yield f"Trust {root} again wherever you trusted the old one, and remove that one there."
    for record in runfile.list_instances(default_state_dir()):
        if record.ca_path and os.path.realpath(Path(record.ca_path).parent) == os.path.realpath(directory):
            yield f"Instance '{record.instance}' runs, with certificates of the old CA until: " + (
                f"{simlb_command(record.instance)} reload"
            )
