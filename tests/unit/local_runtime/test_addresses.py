"""AWS's addresses of what the templates define lead to the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_runtime.addresses import LocalAddresses
from local_runtime.assembly.model import Assembly, Resource

API = Resource("S", "Api", "AWS::ApiGateway::RestApi", {"Name": "pages"}, "a1b2c3", {})
OWN = Resource(
    "S", "Own", "AWS::Cognito::UserPoolDomain", {"CustomDomainConfig": {}}, "login.example.org", {}
)
PREFIX = Resource("S", "Prefix", "AWS::Cognito::UserPoolDomain", {}, "readers", {})


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("https://a1b2c3.execute-api.us-east-1.amazonaws.com/v1/page", "http://127.0.0.1:4566/pages/v1/page"),
        ("https://readers.auth.us-east-1.amazoncognito.com", "http://127.0.0.1:4566/_cognito/readers"),
        ("https://login.example.org/login", "http://127.0.0.1:4566/_cognito/login.example.org/login"),
        ("https://a1b2c3.execute-api.eu-west-1.amazonaws.com/v1", None),
        ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abcdefghi", None),
    ],
)
def test_address(tmp_path: Path, there: str, here: str | None) -> None:
    assembly = Assembly(tmp_path, "aws", "us-east-1", "123456789012", (API, OWN, PREFIX), {}, {})
    local = LocalAddresses(assembly, "http://127.0.0.1:4566")
    assert local.localize(f"<{there}>") == f"<{there if here is None else here}>"
