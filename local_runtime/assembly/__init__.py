"""Reads a cloud assembly (`cdk.out`) into resources whose intrinsic functions are resolved."""

from local_runtime.assembly.loader import load_assembly
from local_runtime.assembly.model import Assembly, Resource

__all__ = ["Assembly", "Resource", "load_assembly"]
