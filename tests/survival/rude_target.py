"""A target that misbehaves in one request out of five: `rude_target.py SEED`, port in the environment.

The last part of a path is the request's token. A good answer names it in a header and in every line of its body, so
that whoever gets a byte of another's answer notices. Health checks are answered well.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import socket
import struct
import sys

RANDOM = random.Random(f"{sys.argv[1]} {os.environ['SIMLB_TARGET_NAME']} {os.getpid()}")
SIZES = (0, 1, 1, 1, 40, 3000)


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """Token and body of the next request; None at the end."""
    head = await reader.readuntil(b"\r\n\r\n")
    token = head.split(b" ", 2)[1].rpartition(b"/")[2]
    lower = head.lower()
    body = b""
    if b"\r\ncontent-length: " in lower:
        body = await reader.readexactly(int(lower.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0]))
    elif b"\r\ntransfer-encoding: chunked" in lower:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    return token, body


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def answer_well(writer: asyncio.StreamWriter, token: bytes, body: bytes) -> bool:
    """A complete answer in one of three framings; whether the connection goes on."""
    sent = (token + b"\n") * RANDOM.choice(SIZES)
    fields = b"X-Token: %b\r\nX-Got: %b\r\n" % (token, hashlib.sha256(body).hexdigest().encode())
    how = RANDOM.random()
    if how < 0.7:
        writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(sent), sent))
        return True
    if how < 0.9:
        writer.write(b"HTTP/1.1 200 OK\r\n%bTransfer-Encoding: chunked\r\n\r\n" % fields)
        for start in range(0, len(sent), 5000):
            piece = sent[start : start + 5000]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        return True
    writer.write(b"HTTP/1.1 200 OK\r\n%bConnection: close\r\n\r\n%b" % (fields, sent))
    return False


async def answer_badly(writer: asyncio.StreamWriter, token: bytes) -> None:
    """One of the ways to let a load balancer down."""
    line = token + b"\n"
    good = b"HTTP/1.1 200 OK\r\nX-Token: %b\r\nContent-Length: %d\r\n\r\n%b" % (token, len(line), line)
    evil = b"HTTP/1.1 200 OK\r\nX-Token: evil\r\nContent-Length: 5\r\n\r\nevil\n"
    how = RANDOM.randrange(11)
    if how == 0:
        reset(writer)
    elif how == 1:
        writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    elif how == 2:
        writer.write(good[: RANDOM.randrange(1, 30)])
    elif how == 3:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Token: %b\r\nContent-Length: 9999\r\n\r\n%b" % (token, line))
    elif how == 4:
        writer.write(good + evil)  # in one segment: an answer too many that comes later could be anybody's
        await asyncio.sleep(0.05)
    elif how == 5:
        writer.write(good)
        await writer.drain()
        await asyncio.sleep(RANDOM.random() * 0.01)  # ends the connection while it is idle, or somebody else's
    elif how == 6:
        for place in range(0, len(good), 7):
            writer.write(good[place : place + 7])
            await writer.drain()
            await asyncio.sleep(0.001)
    elif how == 7:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Token: %b\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nevil" % token)
    elif how == 8:
        writer.write(good)  # complete, and goodbye without a word
    elif how == 9:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nX-Token: evil\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + good)
    elif RANDOM.random() < 0.3:
        await asyncio.sleep(30)  # beyond the idle timeout
    else:
        await asyncio.sleep(0.3)
        writer.write(good)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    try:
        while (request := await read_request(reader)) is not None:
            token, body = request
            if token == b"health" or RANDOM.random() < 0.8:
                if not await answer_well(writer, token, body):
                    break
            else:
                await answer_badly(writer, token)
                break
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Listen until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]), limit=1 << 20, backlog=1000)
    await server.serve_forever()


asyncio.run(main())
