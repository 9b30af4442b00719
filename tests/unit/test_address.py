"""Addresses of others: encrypted but on this machine, without passwords, and read in one way only."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.address import is_loopback, is_web_address, mail_server, web_address

SECRET = "CANARY"


@pytest.mark.parametrize(
    "url",
    [
        "https://payer.example",
        "https://payer.example:8443/fhir/r4?a=b",
        "https://10.0.0.1/x12",
        "https://[2001:db8::1]/",
        "http://127.0.0.1:8080/fhir",
        "http://127.8.9.1/",
        "http://localhost:1/",
        "http://LOCALHOST/",
        "http://[::1]:8080/",
    ],
)
def test_encrypted_or_on_this_machine(url: str) -> None:
    assert web_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://payer.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://128.0.0.1/",
        "http://127.0.0.1.payer.example/",
        "http://localhost.payer.example/",
        "http://mylocalhost/",
        "http://2130706433/",
        "http://0x7f.1/",
    ],
)
def test_plain_http_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="begins with https://, except on this machine"):
        web_address(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:CANARY@payer.example/", "no user or password"),
        ("https://CANARY@payer.example/", "no user or password"),
        ("https://@payer.example/CANARY", "no user or password"),
        ("http://127.0.0.1@payer.example/CANARY", "no user or password"),
        ("http://127.0.0.1:8080@payer.example/CANARY", "no user or password"),
        ("http://127.0.0.1\\@payer.example/CANARY", "no spaces"),
        ("https://payer.example/#CANARY", "no #"),
        ("https://payer.example/a CANARY", "no spaces"),
        ("https://payer.example/\nCANARY", "no spaces"),
        ("https://\u0440ayer.example/CANARY", "no spaces"),
        (f"https://payer.example/{'CANARY' * 100}", "no spaces"),
        ("https:///CANARY", "names a host"),
        ("https://:443/CANARY", "names a host"),
        ("https://payer.example:CANARY/", "names a host"),
        ("https://payer.example:0/CANARY", "names a host"),
        ("https://payer.example:70000/CANARY", "names a host"),
        ("https://[CANARY/", "names a host"),
        ("ftp://payer.example/CANARY", "begins with https://"),
        ("file:///CANARY", "begins with https://"),
        ("payer.example/CANARY", "begins with https://"),
        ("HTTPS//CANARY", "begins with https://"),
        ("", "begins with https://"),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        web_address(url)
    assert SECRET not in str(refused.value)
    assert not is_web_address(url)


@given(
    st.lists(st.sampled_from([*"@:/\\#?[].", "127.0.0.1", "localhost", "payer.example", "%40", "::1", "80"])).map(
        "".join
    )
)
def test_who_connects_reads_the_same_host(text: str) -> None:
    url = f"http://{text}"
    if is_web_address(url):
        assert is_loopback(httpx2.URL(url).host)
        assert not httpx2.URL(url).userinfo


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"http://{text}"):
        assert is_web_address(url) in (True, False)


@pytest.mark.parametrize(
    ("url", "implicit", "plain"),
    [
        ("smtp://mail.example", False, False),
        ("smtp://user:p%40ss@mail.example:587", False, False),
        ("smtp://127.0.0.1:25", False, False),
        ("smtps://user:pass@mail.example:465/", True, False),
        ("smtp+plain://127.0.0.1:1025", False, True),
        ("smtp+plain://localhost", False, True),
    ],
)
def test_mail_goes_within_tls_unless_it_says_otherwise(url: str, implicit: bool, plain: bool) -> None:
    server = mail_server(url)
    assert (server.implicit, server.plain) == (implicit, plain)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("smtp+plain://user:CANARY@mail.example", "to this machine alone"),
        ("smtp+plain://10.0.0.1", "to this machine alone"),
        ("http://user:CANARY@mail.example", "begins with smtp://"),
        ("mail.example:25", "begins with smtp://|names a host"),
        ("smtp://", "names a host"),
        ("smtp://user:CANARY@", "names a host"),
        ("smtp://user:CAN/ARY@mail.example", "names a host|after the port"),
        ("smtp://mail.example/CANARY", "after the port"),
        ("smtp://mail.example?starttls=CANARY", "after the port"),
        ("smtp://mail.example#CANARY", "after the port"),
        ("smtp://user:CANARY @mail.example", "no spaces"),
    ],
)
def test_another_address_of_mail_is_refused_and_not_repeated(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        mail_server(url)
    assert SECRET not in str(refused.value)


def test_no_host_is_not_this_machine() -> None:
    assert not is_loopback(None)
    assert not is_loopback("")
    assert is_loopback("127.0.0.1")
