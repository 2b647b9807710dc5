"""Managed login of Cognito user pools, without its pages: whoever sits at this machine is signed in.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
"""

from local_runtime.services.managed_login.endpoint import ManagedLogin

__all__ = ["ManagedLogin"]
