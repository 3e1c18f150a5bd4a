"""Sides that are reached by name, over TLS, or want a Host of their own."""

import asyncio
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from banyan.gateway import Shadow, places_of, unreached
from tests.gateway.dataplane.rig import Rig, body_of, free_port, get, read_request, status_of, until


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """A certificate for these names that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names
    ]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


async def test_a_side_over_tls_is_asked_by_its_name_and_checked(rig: Rig, tmp_path: Path) -> None:
    certificate_file, key_file = certificate(tmp_path, "*.shop.example")
    asked_for: list[str | None] = []
    hosts: list[str | None] = []
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate_file, key_file)
    context.sni_callback = lambda _, name, __: asked_for.append(name)

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hosts.append((await read_request(reader, writer)).get("host"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nover")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answers, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        legacy = replace(
            rig.spec.legacy,
            port=port,
            is_tls=True,
            server_name="www.shop.example",
            ca_file=str(certificate_file),
        )
        await rig.plane.apply(replace(rig.spec, legacy=legacy))
        assert body_of(await get(rig.port, "/1")) == b"over"
        assert asked_for == ["www.shop.example"]
        assert hosts == ["shop.example"]
        # The wrong name, and a certificate that nobody vouches for, are not answered by.
        wrong = replace(legacy, server_name="www.other.example")
        unknown = replace(legacy, ca_file=None)
        for untrusted in (wrong, unknown):
            await rig.plane.apply(replace(rig.spec, legacy=untrusted))
            assert status_of(await get(rig.port, "/1")) == 503
            [said] = await unreached(
                replace(rig.spec, legacy=untrusted), places_of(tmp_path).ca_file
            )
            assert said.startswith(f"legacy can't be reached at 127.0.0.1:{port}: its certificate")
        assert await unreached(replace(rig.spec, legacy=legacy), places_of(tmp_path).ca_file) == []
        unchecked = replace(unknown, is_verified=False)
        await rig.plane.apply(replace(rig.spec, legacy=unchecked))
        assert body_of(await get(rig.port, "/1")) == b"over"


async def test_a_side_is_looked_up_by_its_name(rig: Rig) -> None:
    legacy = replace(rig.spec.legacy, host="localhost")
    new = replace(rig.spec.candidates[0], host="localhost")
    rig.spec = replace(rig.spec, legacy=legacy, candidates=(new,))
    await rig.plane.apply(rig.spec)
    assert body_of(await get(rig.port, "/1")) == b"legacy"
    await rig.change(read_bp=10_000)
    assert body_of(await get(rig.port, "/r/1")) == b"candidate"
    rig.candidate.answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    assert body_of(await get(rig.port, "/r/1")) == b"legacy"


async def test_sides_may_have_a_host_of_their_own(rig: Rig) -> None:
    new = replace(rig.spec.candidates[0], host_header="new.internal")
    legacy = replace(rig.spec.legacy, host="localhost", host_header="old.internal")
    rig.spec = replace(rig.spec, legacy=legacy, candidates=(new,))
    await rig.change(read_bp=10_000, writes_to="candidate", shadow=Shadow(sample_bp=10_000))
    await get(rig.port, "/r/1", method="POST", body=b"x")
    await get(rig.port, "/r/1")

    async def all_have_come() -> bool:
        return len(rig.candidate.asked) == 3 and len(rig.legacy.asked) == 1

    await until(all_have_come)
    await get(rig.port, "/1")
    await rig.change(shadow=Shadow())
    rig.candidate.answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    assert body_of(await get(rig.port, "/r/1")) == b"legacy"
    for asked in rig.candidate.asked:
        assert asked.get("host") == "new.internal"
        assert asked.get("x-forwarded-host") == "shop.example"
    for asked in rig.legacy.asked:
        assert asked.get("host") == "old.internal"
        assert asked.get("x-forwarded-host") in ("shop.example", "shop.example,new.internal")


async def test_it_listens_for_both_kinds_of_addresses_at_once(rig: Rig) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = free_port()
    await rig.plane.apply(replace(rig.spec, host="::", port=port))
    for host in ("::1", "127.0.0.1"):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /r/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert body_of(await reader.read()) == b"legacy"
        writer.close()
        await writer.wait_closed()


async def test_sides_that_can_not_be_reached_are_told_of(rig: Rig, tmp_path: Path) -> None:
    ca_file = places_of(tmp_path / "elsewhere").ca_file
    assert await unreached(rig.spec, ca_file) == []
    port = free_port()
    sides = (replace(rig.spec.candidates[0], host="nowhere.invalid"),)
    spec = replace(rig.spec, legacy=replace(rig.spec.legacy, port=port), candidates=sides)
    down, unknown = await unreached(spec, ca_file)
    assert down.startswith(f"legacy can't be reached at 127.0.0.1:{port}: ")
    assert unknown.startswith("new can't be reached at nowhere.invalid:")
