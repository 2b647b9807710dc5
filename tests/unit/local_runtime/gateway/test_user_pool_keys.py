from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from local_runtime.gateway.user_pool_keys import keys_at


class Cognito(BaseHTTPRequestHandler):
    """Publishes the keys of one pool."""

    def do_GET(self) -> None:
        found = self.path == "/us-east-1_pool1/.well-known/jwks.json"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b'{"keys": [{"kid": "k1"}]}')

    def log_message(self, *arguments: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def endpoint_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Cognito)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_come_from_where_cognito_publishes_them(endpoint_url: str) -> None:
    assert keys_at(endpoint_url)("us-east-1_pool1") == {"keys": [{"kid": "k1"}]}


@pytest.mark.parametrize("pool", ["us-east-1_gone", "../us-east-1_pool1"])
def test_pool_that_is_not_there_is_no_key_set(endpoint_url: str, pool: str) -> None:
    with pytest.raises(LookupError, match="there is no user pool"):
        keys_at(endpoint_url)(pool)
