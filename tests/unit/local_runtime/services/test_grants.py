"""Authorization codes expire."""

from __future__ import annotations

from local_runtime.services.managed_login.grants import CODE_SECONDS, Codes, Grant

GRANT = Grant("client", "http://127.0.0.1:1/", "ann", ("openid",))


def test_code_expires() -> None:
    now = [0.0]
    codes = Codes(lambda: now[0])
    first, second = codes.give(GRANT), codes.give(GRANT)
    now[0] = CODE_SECONDS - 1
    assert codes.take(first, GRANT.client_id, GRANT.redirect_uri, None) == GRANT
    now[0] = CODE_SECONDS
    assert codes.take(second, GRANT.client_id, GRANT.redirect_uri, None) is None
