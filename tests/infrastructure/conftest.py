"""Templates for the tests: the whole app once a session, single stacks for the variants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Environment

from app import AppConfig, add_systems
from stacks.common.stack import TaggedStack
from stacks.config import context_files, load_config

Properties = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A synthesized template."""

    document: Mapping[str, Any]

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        return iter(self.document["Resources"].items())

    def of_type(self, type: str) -> dict[str, dict[str, Any]]:
        return {name: resource for name, resource in self if resource["Type"] == type}

    def resource(self, type: str) -> dict[str, Any]:
        (resource,) = self.of_type(type).values()
        return resource

    def properties(self, type: str) -> Properties:
        properties: Properties = self.resource(type)["Properties"]
        return properties


@dataclass(frozen=True)
class Assembly:
    """The whole app's templates, and the manifest that orders them."""

    directory: Path

    def __getitem__(self, stack: str) -> Template:
        return Template(json.loads((self.directory / f"{stack}.template.json").read_text(encoding="utf-8")))

    @property
    def manifest(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.directory / "manifest.json").read_text(encoding="utf-8"))
        return content["artifacts"]  # type: ignore[no-any-return]

    @property
    def stacks(self) -> list[str]:
        return [
            name for name, artifact in self.manifest.items() if artifact["type"] == "aws:cloudformation:stack"
        ]


Synthesize = Callable[..., Template]
SynthesizeApp = Callable[..., Assembly]


@pytest.fixture(scope="session")
def synthesize_app(tmp_path_factory: pytest.TempPathFactory) -> SynthesizeApp:
    """The whole app, with settings over those of the committed context."""

    def synthesize_app(**settings: Any) -> Assembly:
        directory = tmp_path_factory.mktemp("assembly")
        app = _app(directory)
        add_systems(app, load_config(AppConfig, context_files() | settings), None)
        app.synth()
        return Assembly(directory)

    return synthesize_app


@pytest.fixture(scope="session")
def assembly(synthesize_app: SynthesizeApp) -> Assembly:
    """The app with the committed context."""
    return synthesize_app()


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Synthesize:
    """One stack alone, with the settings given as top-level keys of the context."""

    def synthesize(stack: type[TaggedStack], env: Environment | None = None, **settings: Any) -> Template:
        directory = tmp_path_factory.mktemp("stack")
        app = _app(directory)
        stack(app, "Stack", config=load_config(AppConfig, settings), env=env)  # type: ignore[call-arg]
        app.synth()
        return Assembly(directory)["Stack"]

    return synthesize


def _app(directory: Path) -> App:
    return App(
        context=context_files(),
        outdir=str(directory),
        builtin_cloud_formation_validation=False,
        stack_traces=False,
        tree_metadata=False,
    )
