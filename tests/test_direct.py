"""The busy road to a provider, against a server that behaves as badly as servers do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.channels import direct
from bot.channels.direct import Direct
from bot.errors import OutcomeUnknown, Unreachable
from tests.road_kit import until

JSON = {"content-type": "application/json"}
FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Server:
    """Keeps what came over each connection; `talk` says what one connection answers."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.url = ""
        self.connections = 0

    @asynccontextmanager
    async def running(self, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
        server = await asyncio.start_server(
            self._connected, "127.0.0.1", 0, ssl=context, backlog=2 * direct.CONNECTIONS
        )
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/say"
        async with server:
            yield self

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def request(reader: asyncio.StreamReader) -> bytes:
    """One whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


def each(*answers: bytes) -> Talk:
    """Answer the requests of one connection with these, then hang up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await request(reader)
            writer.write(answer)

    return talk


@asynccontextmanager
async def road(**more: Any) -> AsyncIterator[Direct]:
    transport = Direct(trust_env=False, **more)
    try:
        yield transport
    finally:
        await transport.aclose()


async def test_what_is_sent_arrives_whole_and_the_connection_is_used_again():
    seen = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await request(reader))
            writer.write(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}")

    async with Server(talk).running() as server, road() as transport:
        answers = [await transport.post(server.url, JSON, b'{"chat_id":1}') for _ in range(3)]

    assert server.connections == 1
    assert {(a.status_code, a.content, a.headers["retry-after"]) for a in answers} == {(429, b"{}", "7")}
    assert seen[0].startswith(b"POST /say HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\ncontent-type: application/json\r\n" in seen[0]
    assert seen[0].endswith(b'\r\n\r\n{"chat_id":1}')


SHAPES = [
    ("in chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n"),
    ("after an interim answer", b"HTTP/1.1 100 Continue\r\n\r\n" + FINE),
    ("and then hangs up", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine"),
]


@pytest.mark.parametrize(("shape", "answer"), SHAPES, ids=[row[0] for row in SHAPES])
async def test_an_answer_may_have_any_shape(shape: str, answer: bytes):
    async with Server(each(answer)).running() as server, road() as transport:
        assert (await transport.post(server.url, JSON, b"{}")).content == b"fine"


async def test_a_server_that_hung_up_meanwhile_is_called_again():
    noticed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(FINE)
        writer.write_eof()
        assert not await reader.read(), "the other side has hung up too"
        noticed.set()

    async with Server(talk).running() as server, road() as transport:
        for _ in range(3):
            assert (await transport.post(server.url, JSON, b"{}")).status_code == 200
            await noticed.wait()
            noticed.clear()

    assert server.connections == 3


BREAKS = [
    ("nothing", b""),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le"),
    ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nfine"),
    ("no length", b"HTTP/1.1 200 OK\r\n\r\nfine"),
    ("not HTTP", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("another protocol", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ("without end", b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 2_000_000),
]


@pytest.mark.parametrize(("kind", "answer"), BREAKS, ids=[row[0] for row in BREAKS])
async def test_an_answer_that_is_none_leaves_the_outcome_open(kind: str, answer: bytes):
    async with Server(each(answer)).running() as server, road() as transport:
        with pytest.raises(OutcomeUnknown):
            await transport.post(server.url, JSON, b"{}")


async def test_an_answer_that_comes_too_late_is_not_taken_for_that_of_the_next_call():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = (await request(reader)).rpartition(b"\r\n\r\n")[2]
        if body == b"slow":
            asked.set()
            await go_on.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + body.ljust(5))

    async with Server(talk).running() as server, road() as transport, asyncio.TaskGroup() as group:
        slow = group.create_task(transport.post(server.url, JSON, b"slow"))
        await asked.wait()
        slow.cancel()
        await asyncio.wait([slow])
        go_on.set()
        assert (await transport.post(server.url, JSON, b"quick")).content == b"quick"


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_that_of_the_next_call():
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
    async with Server(each(first + FINE)).running() as server, road() as transport:
        assert (await transport.post(server.url, JSON, b"{}")).content == b"first"
        assert (await transport.post(server.url, JSON, b"{}")).content == b"first"

    assert server.connections == 2


@pytest.mark.timeout(180)
async def test_more_calls_than_places_wait_for_each_other():
    """The server answers nobody until every place is taken and more have come."""
    flying, most, go_on = 0, 0, asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal flying, most
        while True:
            await request(reader)
            flying += 1
            most = max(most, flying)
            await go_on.wait()
            flying -= 1
            writer.write(FINE)

    async with Server(talk).running() as server, road() as transport, asyncio.TaskGroup() as group:
        for there in range(50, direct.CONNECTIONS + 1, 50):  # a connection must come about within five seconds
            calls = [group.create_task(transport.post(server.url, JSON, b"{}")) for _ in range(50)]
            await until(lambda there=there: flying == there)
        calls += [group.create_task(transport.post(server.url, JSON, b"{}")) for _ in range(50)]
        await asyncio.sleep(0)
        assert not any(call.done() for call in calls)
        go_on.set()

    assert most == direct.CONNECTIONS
    assert server.connections == direct.CONNECTIONS


async def test_over_tls_a_certificate_that_we_trust_is_needed(tmp_path: Path):
    key, certificate = certified(tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with Server(each(FINE, FINE)).running(served) as server:
        async with road(verify=trusting) as transport:
            assert (await transport.post(server.url, JSON, b"{}")).content == b"fine"
            assert (await transport.post(server.url, JSON, b"{}")).content == b"fine"
        async with road() as transport:
            with pytest.raises(Unreachable):
                await transport.post(server.url, JSON, b"{}")


TOO_LONG = ".".join(["nobody"] * 60)
"""No name is so long: that it leads nowhere is known without asking the network."""


async def test_a_name_that_nobody_knows_is_no_connection():
    async with road() as transport:
        with pytest.raises(Unreachable):
            await transport.post(f"http://{TOO_LONG}/say", JSON, b"{}")


def certified(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret, public = folder / "key.pem", folder / "certificate.pem"
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return secret, public
