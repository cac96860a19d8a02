"""Ways to an origin: proxies by argument and environment, exceptions, unix sockets."""

from __future__ import annotations

import pytest

from sdkpress.runtime.direct.routes import Exceptions, Route, Routes, parse_proxy
from sdkpress.runtime.errors import ConfigurationError


def straight(origin: str) -> Route:
    return Routes(proxy="").find(origin)


@pytest.mark.parametrize(
    ("origin", "host", "port", "name"),
    [
        ("http://api.test", "api.test", 80, "api.test"),
        ("https://api.test", "api.test", 443, "api.test"),
        ("https://api.test.:8443", "api.test.", 8443, "api.test"),
        ("http://10.0.0.1:81", "10.0.0.1", 81, "10.0.0.1"),
        ("https://[::1]", "::1", 443, "::1"),
        ("https://[fe80::1%25eth0]:99", "fe80::1%eth0", 99, "fe80::1"),
        ("https://xn--bcher-kva.test", "xn--bcher-kva.test", 443, "xn--bcher-kva.test"),
    ],
)
def test_a_straight_route(origin: str, host: str, port: int, name: str) -> None:
    route = straight(origin)
    assert (route.host, route.port, route.name) == (host, port, name)
    assert route.is_tls is origin.startswith("https")
    assert (route.proxy, route.unix_socket, route.forwarded, route.tunnel_head) == (
        None,
        None,
        "",
        b"",
    )


def test_routes_are_found_once() -> None:
    routes = Routes(proxy="")
    assert routes.find("http://a.test") is routes.find("http://a.test")
    assert routes.find("http://a.test").key != routes.find("https://a.test").key
    assert routes.find("http://a.test").key != routes.find("http://a.test:81").key


def test_remembered_routes_are_bounded() -> None:
    routes = Routes(proxy="")
    for number in range(3000):
        routes.find(f"http://h{number}.test")
    assert len(routes._routes) <= 1000


def test_a_proxy_forwards_http_and_tunnels_https() -> None:
    routes = Routes(proxy="http://us%40er:p%3Ass@proxy.test:3128")
    plain = routes.find("http://api.test:81")
    assert (plain.host, plain.port, plain.forwarded) == ("proxy.test", 3128, "http://api.test:81")
    assert plain.more == "Proxy-Authorization: Basic dXNAZXI6cDpzcw==\r\n"
    assert plain.tunnel_head == b""
    assert plain.key == routes.find("http://other.test").key, "its connections serve any host"
    secure = routes.find("https://[::1]")
    assert (secure.host, secure.port, secure.name) == ("proxy.test", 3128, "::1")
    assert (secure.forwarded, secure.more) == ("", "")
    assert secure.tunnel_head == (
        b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n"
        b"Proxy-Authorization: Basic dXNAZXI6cDpzcw==\r\n\r\n"
    )
    assert secure.key != routes.find("https://other.test").key
    assert "p%3Ass" not in repr(plain) and "p:ss" not in repr(secure)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://proxy.test", "proxy.test", 80),
        ("proxy.test:3128", "proxy.test", 3128),
        ("HTTP://10.0.0.1:1/", "10.0.0.1", 1),
        ("http://[::1]:8080", "::1", 8080),
        (" http://u:p@proxy.test:8080/path ", "proxy.test", 8080),
    ],
)
def test_urls_of_proxies(url: str, host: str, port: int) -> None:
    proxy = parse_proxy(url, "proxy")
    assert (proxy.host, proxy.port) == (host, port)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("socks5://u:secret@p.test:1080", r"SOCKS.*httpx2\.Client\(proxy="),
        ("socks5h://p.test", "SOCKS"),
        ("https://u:secret@p.test", r"over TLS.*httpx2\.Client\(proxy="),
        ("ftp://u:secret@p.test", "no HTTP proxy"),
        ("http://u:secret@p.test:99999", "no URL"),
        ("http://u:secret@p.test:no", "no URL"),
        ("http://", "no URL"),
    ],
)
def test_what_is_no_proxy_we_can_use(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        Routes(proxy=url)
    assert "proxy" in str(caught.value) and "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "http", "https"),
    [
        ({}, "", ""),
        ({"HTTP_PROXY": "a:1"}, "a", ""),
        ({"HTTPS_PROXY": "a:1"}, "", "a"),
        ({"https_proxy": "a:1", "HTTPS_PROXY": "b:1"}, "", "a"),
        ({"https_proxy": "", "HTTPS_PROXY": "b:1"}, "", ""),
        ({"ALL_PROXY": "a:1"}, "a", "a"),
        ({"all_proxy": "a:1", "https_proxy": "b:1"}, "a", "b"),
        ({"ALL_PROXY": "a:1", "HTTPS_PROXY": ""}, "a", ""),
        ({"HTTP_PROXY": "evil:1", "REQUEST_METHOD": "GET"}, "", ""),
        ({"http_proxy": "a:1", "REQUEST_METHOD": "GET"}, "a", ""),
        ({"HTTPS_PROXY": "a:1", "REQUEST_METHOD": "GET"}, "", "a"),
        ({"HTTP_PROXY": "a:1", "HTTPS_PROXY": "a:1", "NO_PROXY": "*"}, "", ""),
        ({"ALL_PROXY": "a:1", "no_proxy": "", "NO_PROXY": "*"}, "a", "a"),
        ({"ALL_PROXY": "a:1", "NO_PROXY": "other.test, api.test"}, "", ""),
    ],
)
def test_the_environment(environment: dict[str, str], http: str, https: str) -> None:
    routes = Routes(environment=environment)
    for scheme, expected in (("http", http), ("https", https)):
        proxy = routes.find(f"{scheme}://api.test").proxy
        assert (proxy.host if proxy else "") == expected


def test_the_argument_goes_before_the_environment() -> None:
    environment = {"ALL_PROXY": "a:1", "NO_PROXY": "*"}
    given = Routes(proxy="http://b:2", environment=environment).find("http://api.test").proxy
    assert given is not None and given.host == "b"
    assert Routes(proxy="", environment={"ALL_PROXY": "a:1"}).find("http://x.test").proxy is None


def test_a_bad_variable_is_named_when_it_is_needed() -> None:
    routes = Routes(environment={"ALL_PROXY": "socks5://p:1", "NO_PROXY": "near.test"})
    assert routes.find("https://near.test").proxy is None
    with pytest.raises(ConfigurationError, match="ALL_PROXY names a SOCKS proxy"):
        routes.find("https://api.test")


@pytest.mark.parametrize(
    ("text", "authority", "covered"),
    [
        ("", "api.test", False),
        ("*", "api.test", True),
        ("api.test", "api.test", True),
        ("api.test", "API.TEST".lower(), True),
        ("API.test", "api.test", True),
        ("api.test", "v1.api.test", True),
        ("api.test", "myapi.test", False),
        (".api.test", "v1.api.test", True),
        (".api.test", "api.test", True),
        ("*.api.test", "v1.api.test", True),
        ("api.test", "api.test.", True),
        ("api.test:443", "api.test", True),
        ("api.test:8443", "api.test", False),
        ("api.test:8443", "api.test:8443", True),
        ("http://api.test", "api.test", True),
        ("one.test,api.test", "api.test", True),
        ("one.test api.test", "api.test", True),
        (" , one.test , api.test,", "api.test", True),
        ("bücher.test", "xn--bcher-kva.test", True),
        ("test", "api.test", True),
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.10", False),
        ("10.0.0.1:80", "10.0.0.1", False),
        ("10.0.0.1:443", "10.0.0.1", True),
        ("10.0.0.0/8", "10.200.3.4:99", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("10.1.2.3/8", "10.200.3.4", True),
        ("10.0.0.0/8", "a10.0.0.1.test", False),
        ("0.0.1", "10.0.0.1", False),
        ("::1", "[::1]", True),
        ("[::1]", "[::1]:99", True),
        ("[::1]:99", "[::1]:99", True),
        ("[::1]:98", "[::1]:99", False),
        ("fd00::/8", "[fd12::1]", True),
        ("[fd00::]/8", "[fd12::1]", True),
        ("0:0:0:0:0:0:0:1", "[::1]", True),
        ("10.0.0.0/8", "[::ffff:10.1.1.1]", True),
        ("localhost", "localhost:8080", True),
        ("127.0.0.1", "localhost", False),
        ("nonsense/8", "nonsense", False),
    ],
)
def test_exceptions(text: str, authority: str, covered: bool) -> None:
    assert Exceptions(text).cover(authority, 443) is covered


def test_unix_sockets() -> None:
    routes = Routes(unix_socket="/run/x.sock", environment={"ALL_PROXY": "a:1"})
    route = routes.find("https://api.test")
    assert (route.unix_socket, route.proxy, route.name) == ("/run/x.sock", None, "api.test")
    with pytest.raises(ConfigurationError, match="exclude"):
        Routes(proxy="http://a:1", unix_socket="/run/x.sock")
    for path in ("", "a\0b"):
        with pytest.raises(ConfigurationError, match="no path"):
            Routes(unix_socket=path)
    assert Routes(proxy="", unix_socket="\0abstract").find("http://x.test").unix_socket
