"""Does the course on a running instance as the page does: its calls with boto3, its faults and its client over HTTP."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from simlb.console.learning.course import Call, Course, Mistake, Step
from tests.console.learning.places import at, filled

NOT_YET = ("IncorrectInstanceState", "InvalidTarget")
PATIENCE_S = 10.0


class Driver:
    """One learner."""

    def __init__(self, course: Course, host: str, port: int, token: str) -> None:
        self._course = course
        self._address = host, port
        self._token = token
        self._clients: dict[tuple[str, str], Any] = {}
        self.saved: dict[str, Any] = {}
        self._values: dict[str, Any] = {}
        self.remembers = True
        """Whether what calls save is used; else everything is looked up anew, as after a step in a terminal."""

    def close(self) -> None:
        """Give connections back."""
        for client in self._clients.values():
            client.close()

    # -- simlb's own JSON ----------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One of simlb's own operations."""
        connection = http.client.HTTPConnection(*self._address, timeout=60)
        try:
            connection.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {"Authorization": f"Bearer {self._token}"},
            )
            response = connection.getresponse()
            content = response.read()
            assert response.status < 400, (path, body, content)
            return json.loads(content)
        finally:
            connection.close()

    def missing(self, *, mistakes: bool = False) -> set[str]:
        """What has not been ticked, as `6.created`."""
        view = self.ask("GET", "/api/v1/learn")
        done = {
            f"{step['number']}.{item}" for step in view["steps"] for item in step["mistakes" if mistakes else "ticks"]
        }
        items = {
            f"{step.number}.{item.id}"
            for step in self._course.steps
            for item in (step.mistakes if mistakes else step.observe)
        }
        return items - done

    # -- the course ----------------------------------------------------------------------------------------------------

    def step(self, step: Step) -> None:
        """Open it, and press its button."""
        self.ask("POST", "/api/v1/learn/begin", {"step": step.number})
        self.calls(step, step.prepare)
        self.calls(step, step.calls)

    def try_mistake(self, step: Step, mistake: Mistake) -> str | None:
        """Do it; the name of the fault that it takes."""
        fault = None
        if mistake.fault is not None:
            on = [self._filled(step, place) for place in mistake.fault.at]
            order = {"type": mistake.fault.type, "on": on, "parameters": mistake.fault.parameters}
            fault = self.ask("POST", "/api/v1/faults", order)["name"]
        self.calls(step, step.calls if mistake.fields else mistake.calls)
        return fault

    def undo(self, step: Step, mistake: Mistake, fault: str | None) -> None:
        """Put things right, as soon as that can be done."""
        if fault is not None:
            self.ask("DELETE", f"/api/v1/faults/{fault}")
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.calls(step, mistake.undo)
            except ClientError as error:
                # An instance that is still stopping, and the like: whoever reads before pressing does not meet it.
                if error.response["Error"]["Code"] not in NOT_YET or time.monotonic() > give_up_at:
                    raise
                time.sleep(0.05)

    def calls(self, step: Step, calls: list[Call]) -> None:
        """One after the other."""
        for call in calls:
            if call.when is not None:
                chosen = self._field(step, call.when.field)
                if call.when.value not in (chosen if isinstance(chosen, list) else [str(chosen)]):
                    continue
            answer = self._call(step, call)
            if self.remembers and answer is not None:
                self.saved |= {name: at(answer, self._filled(step, path)) for name, path in call.save.items()}

    def _call(self, step: Step, call: Call) -> Any:
        parameters = self._filled(step, call.parameters)
        if call.service == "client":
            body = {"url": parameters["Url"], "count": parameters.get("Count", 1)}
            return self.ask("POST", "/api/v1/learn/request", body)
        region = self._filled(step, call.region or self._course.region)
        operation = self._operation(call.service, region, call.operation)
        try:
            answer = operation(**_typed(call.operation, parameters))
        except ClientError as error:
            if call.fails not in {error.response["Error"]["Code"], "*"}:
                raise
            return None
        # A name is not free any more where the course is done a second time.
        assert call.fails is None or call.fails == "LoadBalancerNotFound", (step.number, call.operation, "did not fail")
        return answer

    def _operation(self, service: str, region: str, name: str) -> Any:
        client = self._clients.get((service, region))
        if client is None:
            client = self._clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url="http://{}:{}".format(*self._address),
                aws_access_key_id="x",
                aws_secret_access_key="x",
                config=Config(retries={"total_max_attempts": 1}),
            )
        methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
        return getattr(client, methods[name])

    def _filled(self, step: Step, value: Any) -> Any:
        return filled(value, lambda name: self._field(step, name), lambda name: self._saved(step, name))

    def _field(self, step: Step, name: str) -> Any:
        number, dot, rest = name.partition(".")
        where = self._course.steps[int(number)] if dot else step
        (field,) = (field for field in where.fields if field.id == (rest if dot else name))
        return self._filled(where, field.value)

    def _saved(self, step: Step, name: str) -> Any:
        if name not in self.saved or not self.remembers:
            lookup = self._course.lookups[name]
            answer = self._call(step, lookup)
            self.saved[name] = at(answer, self._filled(step, lookup.save[name]))
        return self.saved[name]


def _typed(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A choice is a text; boto3 wants the boolean of Route 53's."""
    if operation == "ChangeResourceRecordSets":
        for change in parameters["ChangeBatch"]["Changes"]:
            alias = change["ResourceRecordSet"].get("AliasTarget")
            if alias is not None and isinstance(alias["EvaluateTargetHealth"], str):
                alias["EvaluateTargetHealth"] = alias["EvaluateTargetHealth"] == "true"
    return parameters
