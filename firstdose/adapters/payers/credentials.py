"""Our credentials at payers, read once at the start: keys that sign, certificates for mutual TLS, logins."""

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

SigningKey = RSAKey | ECKey
_CURVE: Final = "P-384"


class UnfitCredential(Exception):
    """One line that names the credential and the file's purpose, never what is in it."""


class CredentialFiles(Protocol):
    """The files of one credential; `authority_file` has the authorities for the payer's own certificate."""

    @property
    def private_key_file(self) -> Path | None: ...
    @property
    def certificate_file(self) -> Path | None: ...
    @property
    def key_file(self) -> Path | None: ...
    @property
    def authority_file(self) -> Path | None: ...
    @property
    def user(self) -> str | None: ...
    @property
    def password_file(self) -> Path | None: ...


class Login(NamedTuple):
    """Who we are to a clearinghouse that asks for a name and a password."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


class Credentials(NamedTuple):
    """By name: what signs, what makes connections, and what logs in."""

    keys: Mapping[str, SigningKey]
    tls: Mapping[str, ssl.SSLContext]
    logins: Mapping[str, Login]


def read_credentials(files: Mapping[str, CredentialFiles]) -> Credentials:
    """Raises UnfitCredential: a file that is not there, or holds something else."""
    keys = {name: _signing_key(name, each.private_key_file) for name, each in files.items() if each.private_key_file}
    tls = {name: _context(name, each) for name, each in files.items() if each.certificate_file}
    logins = {name: _login(name, each) for name, each in files.items() if each.user or each.password_file}
    return Credentials(keys, tls, logins)


def _signing_key(name: str, file: Path) -> SigningKey:
    """RSA or P-384, in PEM or as a JWK: SMART asks for RS384 or ES384."""
    try:
        text = file.read_text()
        key = _parsed(text)
    except (OSError, ValueError, TypeError, KeyError, JoseError):
        raise UnfitCredential(f"credential {name}: private_key_file is no readable private key") from None
    if not key.is_private or (isinstance(key, ECKey) and key.curve_name != _CURVE):
        raise UnfitCredential(f"credential {name}: private_key_file must hold a private key, RSA or {_CURVE}")
    return key


def _parsed(text: str) -> SigningKey:
    data = json.loads(text) if text.lstrip().startswith("{") else text
    try:
        return RSAKey.import_key(data)
    except (ValueError, TypeError, KeyError, JoseError):
        return ECKey.import_key(data)


def _context(name: str, files: CredentialFiles) -> ssl.SSLContext:
    try:
        context = (
            ssl.create_default_context(cafile=files.authority_file)
            if files.authority_file
            else httpx2.create_ssl_context()
        )
        # With no password an encrypted key is an error; otherwise OpenSSL would ask at the terminal and wait.
        context.load_cert_chain(str(files.certificate_file), files.key_file, password="")
    except (OSError, ValueError):
        raise UnfitCredential(
            f"credential {name}: certificate_file, key_file or authority_file is not usable"
        ) from None
    return context


def _login(name: str, files: CredentialFiles) -> Login:
    """The password is the file's only line. RFC 7617 ends a name at its first colon, so there may be none in it."""
    if not (files.user and files.password_file):
        raise UnfitCredential(f"credential {name}: user and password_file are needed together")
    if ":" in files.user or not files.user.isprintable():
        raise UnfitCredential(f"credential {name}: user must be printable and have no colon")
    try:
        password = files.password_file.read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError):
        password = ""
    if not password or not password.isprintable():
        raise UnfitCredential(f"credential {name}: password_file must hold one line of printable text")
    return Login(files.user, password)
