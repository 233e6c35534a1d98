"""The API over a configuration alone: calls as botocore writes them, answers as it reads them, no sockets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from simlb import config
from simlb.config.certificates import UnissuedCertificates
from simlb.controlplane.operations.catalog import Catalog
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.table import elbv2_service
from simlb.controlplane.query.protocol import QueryRequest
from simlb.core.changes import Changes
from simlb.core.foreign import Foreign
from simlb.core.model import Bind, Certificate, Configuration, Listener, LoadBalancer, Target
from simlb.core.regional import NOTHING, in_region
from simlb.core.registrations import Registrations
from simlb.core.target_group import TargetGroupState
from tests.aws import REGION, authorization
from tests.controlplane.query.botocore_model import form, parsed

T = TypeVar("T")
CREATED_AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


class CallFailedError(Exception):
    """An error as boto3 would raise it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Held:
    """An `Estate` of one configuration, whose target groups stand as tests say."""

    region = home = REGION
    created_at = CREATED_AT

    def __init__(self, configuration: Configuration) -> None:
        self.held = self.file = configuration
        self._changes = Changes()
        self.registrations = Registrations()
        self._random = Random(1)
        self.provisioning: set[str] = set()
        self.stopped: set[str] = set()
        self.foreign = Foreign()
        self.objects: dict[tuple[str, str], bytes] = {}
        """What is in buckets, by bucket and key."""
        self.groups = {
            group.name: TargetGroupState(group, 0.0, cookie_key=bytes(32))
            for group in configuration.target_groups.values()
        }

    def at(self, region: str) -> Any:
        return _Elsewhere(self, region) if region != REGION else self

    def configuration(self) -> Configuration:
        return in_region(self.held, self.region)

    def everything(self) -> Configuration:
        return self.held

    @property
    def changes(self) -> Changes:
        return self._changes

    async def look_up(
        self,
        *,
        subnets: Collection[str] = (),
        zones: Iterable[str] = (),
        security_groups: Collection[str] = (),
        vpcs: Collection[str] = (),
    ) -> Foreign:
        return self.foreign

    def certificate(self, arn: str) -> Certificate | None:
        listeners = (listener for balancer in self.held.load_balancers for listener in balancer.listeners)
        found = (certificate for listener in listeners for certificate in listener.certificates)
        return next((certificate for certificate in found if certificate.arn == arn), None)

    async def read_object(self, bucket: str, key: str, max_bytes: int) -> bytes:
        if (bucket, key) not in self.objects:
            raise FileNotFoundError(2, "No such file or directory")
        return self.objects[bucket, key][:max_bytes]

    def control_url(self, path: str) -> str:
        return f"http://127.0.0.1:8089{path}"

    def binds(self, configuration: Configuration, load_balancer: LoadBalancer, port: int) -> tuple[Bind, ...]:
        return (Bind(host="127.0.0.1", port=port),)

    def target_policy(self) -> Callable[[Target], str | None]:
        return lambda target: None if target.ip.startswith("127.") else f"'{target.ip}' is not on this machine"

    def is_running(self, instance_id: str) -> bool:
        return instance_id not in self.stopped

    def address(self, configuration: Configuration) -> str:
        return f"127.0.{len(configuration.load_balancers)}.1"

    def begin_provisioning(self, arn: str) -> None:
        self.provisioning.add(arn)

    def is_provisioning(self, arn: str) -> bool:
        return arn in self.provisioning

    async def change(self, edit: Callable[[Draft], T], region: str = REGION) -> T:
        now = CREATED_AT.timestamp()
        draft = Draft(self.file, self._changes, self.registrations, now, self._random, region=region, home=REGION)
        result = edit(draft)
        self._changes, self.registrations, self.held = draft.changes, draft.registrations, draft.everything
        users = Catalog.of(self.held).users
        for group in self.held.target_groups.values():
            in_use = group.name in users
            if group.name in self.groups:
                self.groups[group.name].reconcile(group, 0.0, in_use=in_use)
            else:
                self.groups[group.name] = TargetGroupState(group, 0.0, cookie_key=bytes(32), in_use=in_use)
        return result

    def live_group(self, name: str) -> TargetGroupState | None:
        return self.groups.get(name)

    def url(self, load_balancer: LoadBalancer, listener: Listener) -> str:
        return f"{listener.protocol.lower()}://{load_balancer.name}.test:{listener.port + 8000}/"


class _Elsewhere:
    """The same in another region."""

    file = NOTHING

    def __init__(self, held: Held, region: str) -> None:
        self._held = held
        self.region = region

    def __getattr__(self, name: str) -> Any:
        return getattr(self._held, name)

    def configuration(self) -> Configuration:
        return in_region(self._held.held, self.region)

    async def change(self, edit: Callable[[Draft], T]) -> T:
        return await self._held.change(edit, self.region)


class Api:
    """Asks it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.estate: Held
        self._service: Any = None

    def load(self, text: str) -> Held:
        """Answer for this configuration."""
        path = self._folder / "simlb.yaml"
        path.write_text(f"simlb: config/1\n{text}")
        compiled = config.load(
            path, certificates=UnissuedCertificates(REGION), allocate_port=lambda _: 1, sample_names=()
        )
        self.estate = Held(compiled.configuration)
        self._service = elbv2_service(self.estate)
        return self.estate

    async def __call__(self, operation: str, /, *, region: str = REGION, **parameters: Any) -> dict[str, Any]:
        """The result. Raises CallFailedError."""
        request = QueryRequest(body=form(operation, parameters).encode(), authorization=authorization(region))
        reply = await self._service.answer(request)
        result = parsed(operation, reply.status, reply.body)
        if error := result.get("Error"):
            raise CallFailedError(error["Code"], error["Message"])
        assert reply.status == 200
        del result["ResponseMetadata"]
        return result

    async def fails(self, operation: str, /, *, region: str = REGION, **parameters: Any) -> tuple[str, str]:
        """The error's code and message."""
        with pytest.raises(CallFailedError) as caught:
            await self(operation, region=region, **parameters)
        return caught.value.code, caught.value.message

    async def pages(self, operation: str, member: str, /, **parameters: Any) -> list[list[Any]]:
        """All pages."""
        pages: list[list[Any]] = []
        while True:
            result = await self(operation, **parameters)
            pages.append(result[member])
            if "NextMarker" not in result:
                return pages
            parameters["Marker"] = result["NextMarker"]


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """Without a configuration yet."""
    return Api(tmp_path)
