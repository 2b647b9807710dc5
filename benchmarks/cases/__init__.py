"""One module a case: `NAME`, and `run() -> list[Result]`."""
