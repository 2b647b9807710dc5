"""Where this run has what the templates' URLs lead to on AWS: REST APIs and sign-in domains.

https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain.html
"""

from __future__ import annotations

from collections.abc import Iterator

from local_runtime.assembly.model import Assembly

LOGIN_PATH = "/_cognito"


class LocalAddresses:
    """Replaces AWS's addresses by those of a run at `endpoint_url`."""

    def __init__(self, assembly: Assembly, endpoint_url: str) -> None:
        self._local = dict(_addresses(assembly, endpoint_url))

    def localize(self, text: str) -> str:
        """A text with every such address in it replaced; one of another account or region stays."""
        for there, here in self._local.items():
            text = text.replace(there, here)
        return text


def _addresses(assembly: Assembly, endpoint_url: str) -> Iterator[tuple[str, str]]:
    region = assembly.region
    for api in assembly.of_type("AWS::ApiGateway::RestApi"):
        there = f"https://{api.physical_id}.execute-api.{region}.amazonaws.com"
        yield there, f"{endpoint_url}/{api.properties['Name']}"
    for domain in assembly.of_type("AWS::Cognito::UserPoolDomain"):
        name = domain.physical_id
        custom = "CustomDomainConfig" in domain.properties
        there = f"https://{name}" if custom else f"https://{name}.auth.{region}.amazoncognito.com"
        yield there, f"{endpoint_url}{LOGIN_PATH}/{name}"
