"""Whatever is sent in whatever pieces arrives as it was: random framings, cuts and sizes, from a seed."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from random import Random

import pytest

from tests.dataplane.harness import Client, Rig, TargetConnection, until

SIZES = (0, 1, 2, 100, 4095, 4096, 65_535, 65_537, 200_000)
REQUESTS = 25


def pieces(random: Random, data: bytes) -> list[bytes]:
    """`data`, cut at up to six random places, most of them near its beginning."""
    places = {random.randrange(min(len(data), 300)) for _ in range(4)} | {random.randrange(len(data)) for _ in range(2)}
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if end > start]


def framed(random: Random, body: bytes) -> tuple[bytes, bytes]:
    """The framing field and the body under it."""
    if random.random() < 0.5:
        return b"Content-Length: %d\r\n" % len(body), body
    chunks = pieces(random, body) if body else []
    encoded = b"".join(b"%x%b\r\n%b\r\n" % (len(c), random.choice((b"", b";x=y")), c) for c in chunks)
    return b"Transfer-Encoding: chunked\r\n", encoded + b"0\r\n\r\n"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_bodies_arrive_as_they_were_sent(rig: Rig, seed: int) -> None:
    random = Random(seed)

    async def script(connection: TargetConnection) -> None:
        """Answer with the body that came, in another framing."""
        while (request := await connection.request()) is not None:
            how = random.random()
            interim = b"HTTP/1.1 103 Early Hints\r\n\r\n" if random.random() < 0.2 else b""
            if how < 0.1:
                await connection.send(*pieces(random, interim + b"HTTP/1.1 200 OK\r\n\r\n" + request.body))
                connection.close()
                return
            field, body = framed(random, request.body)
            goodbye = b"Connection: close\r\n" if how > 0.9 else b""
            await connection.send(*pieces(random, interim + b"HTTP/1.1 200 OK\r\n" + field + goodbye + b"\r\n" + body))
            if goodbye:
                return

    async def talk(client: Client) -> int:
        bodies = [random.randbytes(random.choice(SIZES)) for _ in range(REQUESTS)]
        sent = b""
        for body in bodies:
            field, encoded = framed(random, body)
            sent += b"POST / HTTP/1.1\r\nHost: lb.test\r\n" + field + b"\r\n" + encoded
        is_pipelined = random.random() < 0.5

        async def send() -> None:
            for piece in pieces(random, sent):
                client.send(piece)
                await client.writer.drain()

        sending = asyncio.create_task(send()) if is_pipelined else None
        for body in bodies:
            if not is_pipelined:
                field, encoded = framed(random, body)
                for piece in pieces(random, b"POST / HTTP/1.1\r\nHost: lb.test\r\n" + field + b"\r\n" + encoded):
                    client.send(piece)
                    await asyncio.sleep(0)
            response = await client.response()
            assert response.status == 200
            assert hashlib.sha256(response.body).digest() == hashlib.sha256(body).digest()
        if sending is not None:
            await sending
        return len(bodies)

    await rig.serve(script)
    counts = await asyncio.gather(*[talk(await rig.client()) for _ in range(6)])
    await until(lambda: len(rig.records) == sum(counts))
    assert {record.elb_status_code for record in rig.records} == {200}
