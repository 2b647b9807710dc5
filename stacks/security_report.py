"""`python -m stacks.security_report` runs cdk-nag's AwsSolutions rules over the synthesized templates.

It does so with the committed settings, and once more with every option on; there cfn-lint runs too. It writes
docs/security.md, the accepted findings with their reasons, and exits 1 when one has no reason or cfn-lint
finds anything; `--check` writes nothing and exits 1 when the page is not the one that it would write.
https://github.com/cdklabs/cdk-nag
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import Acknowledgment, App, LegacyStackSynthesizer, Stack, Validations
from aws_cdk.cloudformation_include import CfnInclude
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint_file  # type: ignore[import-untyped]

from app import AppConfig, add_systems
from stacks.common.acknowledgement import PACK
from stacks.config import ROOT, context_files, load_config
from stacks.every_option import EVERY_OPTION

PAGE = ROOT / "docs" / "security.md"
_ACKNOWLEDGED = Validations.ACKNOWLEDGED_RULES_METADATA_KEY
_LOGICAL_ID = "aws:cdk:logicalId"
_HEAD = """# Accepted findings

<!-- Written by `python -m stacks.security_report` from the acknowledgements in stacks/; change those. -->

[cdk-nag](https://github.com/cdklabs/cdk-nag) checks every resource of the templates against the rules of its
pack `AwsSolutions`, with the committed settings and with every option on (`stacks/every_option.py`). What it
finds is mended, or accepted beside the resource with a reason; `make lint` ends with an error otherwise.

## With the committed settings

"""
_HEAD_OF_OPTIONS = """
## With every option on, also

"""
_HEAD_OF_TABLE = """| rule | resources | finding | why it is accepted |
|---|---|---|---|
"""


@dataclass(frozen=True, order=True)
class Finding:
    """What a rule says of a resource, which is named by its construct, and why it is accepted, if it is."""

    rule: str
    resource: str
    description: str
    reason: str | None


@dataclass(frozen=True)
class Assembly:
    """A synthesized app: its templates, and what its constructs acknowledge."""

    directory: Path

    @property
    def templates(self) -> dict[str, Path]:
        suffix = ".template.json"
        return {path.name.removesuffix(suffix): path for path in sorted(self.directory.glob(f"*{suffix}"))}

    def constructs(self, stack: str) -> dict[str, str]:
        """The path of the construct of each logical ID."""
        metadata = self._metadata(stack).items()
        return {
            entry["data"]: path.removesuffix("/Resource").lstrip("/")
            for path, entries in metadata
            for entry in entries
            if entry["type"] == _LOGICAL_ID
        }

    def acknowledgements(self, stack: str) -> Iterator[tuple[str, str, str]]:
        """Path of a construct, rule and reason."""
        for path, entries in self._metadata(stack).items():
            for entry in entries:
                if entry["type"] == _ACKNOWLEDGED:
                    yield from ((path.lstrip("/"), rule, reason) for rule, reason in entry["data"].items())

    def _metadata(self, stack: str) -> dict[str, list[dict[str, Any]]]:
        content = json.loads((self.directory / f"{stack}.metadata.json").read_text(encoding="utf-8"))
        return content  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stacks.security_report", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; is the page up to date?")
    check = parser.parse_args().check
    with synthesized(context_files()) as assembly:
        found = findings(assembly)
    with synthesized({**context_files(), **EVERY_OPTION}) as assembly:
        with_every_option = findings(assembly)
        wrong = template_errors(assembly)
    if problems := [*dict.fromkeys([*unacknowledged(found), *unacknowledged(with_every_option), *wrong])]:
        sys.exit("\n".join(problems))
    written = page(found, with_every_option)
    if not check:
        PAGE.write_text(written, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != written:
        sys.exit(f"{PAGE.relative_to(ROOT)} is out of date: run python -m stacks.security_report")


@contextmanager
def synthesized(context: Mapping[str, Any]) -> Iterator[Assembly]:
    """The app with these settings, for as long as the block lasts."""
    with TemporaryDirectory() as directory:
        app = _app(directory, context)
        add_systems(app, load_config(AppConfig, app.node.get_all_context()), None)
        app.synth()
        yield Assembly(Path(directory))


def findings(assembly: Assembly) -> list[Finding]:
    """All findings in the app's templates, the accepted ones among them."""
    with TemporaryDirectory() as directory:
        return sorted(_findings(_checked(assembly, directory), assembly))


def template_errors(assembly: Assembly) -> list[str]:
    """What cfn-lint says of the templates, warnings too."""
    return [
        f"{template.name}:{match.linenumber}: {match.rule.id} {match.message}"
        for template in assembly.templates.values()
        for match in lint_file(template)
    ]


def unacknowledged(found: Iterable[Finding]) -> list[str]:
    return [
        f"{finding.resource}: {finding.description} Mend it, or accept {finding.rule} beside the resource."
        for finding in found
        if finding.reason is None
    ]


def page(found: Sequence[Finding], with_every_option: Iterable[Finding]) -> str:
    more = [finding for finding in with_every_option if finding not in found]
    return "".join([_HEAD, *_table(found), _HEAD_OF_OPTIONS, *_table(more)])


def _table(found: Iterable[Finding]) -> Iterator[str]:
    yield _HEAD_OF_TABLE
    rows: dict[tuple[str, str, str | None], list[str]] = {}
    for finding in found:
        rows.setdefault((finding.rule, finding.description, finding.reason), []).append(finding.resource)
    for (rule, description, reason), resources in rows.items():
        names = ", ".join(f"`{resource}`" for resource in resources)
        yield f"| `{rule}` | {names} | {description} | {reason} |\n"


def _app(outdir: str, context: Mapping[str, Any]) -> App:
    return App(
        context=dict(context),
        outdir=outdir,
        builtin_cloud_formation_validation=False,
        stack_traces=False,
        tree_metadata=False,
    )


def _checked(assembly: Assembly, outdir: str) -> dict[str, Any]:
    """The report on the templates themselves.

    The rules look at typed constructs, and some of the app's are plain `CfnResource`s; an include types all.
    """
    app = _app(outdir, {})
    for stack, template in assembly.templates.items():
        scope = Stack(app, stack, synthesizer=LegacyStackSynthesizer())
        include = CfnInclude(scope, "Template", template_file=str(template))
        _repeat_acknowledgements(include, assembly, stack)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError:
        # A finding without a reason ends the synth after the report was written, other errors before.
        if not Path(outdir, "validation-report.json").exists():
            raise
    report = json.loads(Path(outdir, "validation-report.json").read_text(encoding="utf-8"))
    (of_pack,) = [part for part in report["pluginReports"] if part["pluginName"] == PACK]
    return of_pack  # type: ignore[no-any-return]


def _repeat_acknowledgements(include: CfnInclude, assembly: Assembly, stack: str) -> None:
    """An acknowledgement holds for the construct that has it and for all that lie in it."""
    resources = json.loads(assembly.templates[stack].read_text(encoding="utf-8"))["Resources"]
    places = assembly.constructs(stack).items()
    for path, rule, reason in assembly.acknowledgements(stack):
        for logical_id, place in places:
            if logical_id in resources and f"{place}/".startswith(f"{path}/"):
                resource = include.get_resource(logical_id)
                Validations.of(resource).acknowledge(Acknowledgment(id=rule, reason=reason))


def _findings(report: Mapping[str, Any], assembly: Assembly) -> Iterator[Finding]:
    for violation in [*report["violations"], *report.get("suppressedViolations", [])]:
        for construct in violation["violatingConstructs"]:
            stack, _, logical_id = construct["constructPath"].split("/", 2)
            place = assembly.constructs(stack).get(logical_id, f"{stack}/{logical_id}")
            rule = violation["ruleName"].removeprefix(f"{PACK}-")
            yield Finding(rule, place, violation["description"], violation.get("reason"))


if __name__ == "__main__":
    main()
