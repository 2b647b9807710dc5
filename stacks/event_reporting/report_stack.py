"""The report: the state machine with its functions, its work group and its topic, the rule and the alarms.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Environment
from constructs import Construct

from stacks.common.alarm_topic import AlarmTopic
from stacks.common.alarms import add_alarm
from stacks.common.athena import WorkGroup
from stacks.common.dead_letter_queue import DeadLetterQueue
from stacks.common.iam import allow
from stacks.common.log_group import LogSettings
from stacks.common.pseudo_parameters import partition
from stacks.common.stack import TaggedStack
from stacks.common.state_machine import StateMachine
from stacks.common.topic import AWS_MANAGED_KEY, Topic
from stacks.event_reporting.alarms import RUNBOOK, alarms
from stacks.event_reporting.config import EventReportingConfig
from stacks.event_reporting.names import Names
from stacks.event_reporting.report_functions import ReportFunctions
from stacks.event_reporting.schedule import add_schedule

DEFINITION = Path(__file__).parent / "report.asl.json"
_MEGABYTE = 1_000_000


class ReportStack(TaggedStack):
    """Everything between the schedule and the mail."""

    def __init__(
        self, scope: Construct, id: str, *, config: EventReportingConfig, env: Environment | None
    ) -> None:
        super().__init__(scope, id, description="Event reporting: report", settings=config, env=env)
        self._names = Names(self, config)
        self._functions = ReportFunctions(self, self._names, config)
        self._add_work_group(config)
        topic = Topic(
            self,
            "Topic",
            name=self._names.report,
            display_name="Event report",
            key_arn=AWS_MANAGED_KEY,
            email=config.event_reporting.report.email,
        )
        machine = self._add_state_machine(topic, LogSettings(config.log_retention_in_days))
        dead_letters = self._add_schedule(machine)
        self._add_alarms(machine, dead_letters, config.event_reporting.report.email)
        CfnOutput(self, "StateMachineArn", value=machine.ref)
        CfnOutput(self, "TopicArn", value=topic.ref)
        CfnOutput(self, "AthenaWorkGroupName", value=self._names.report)

    def _add_work_group(self, config: EventReportingConfig) -> None:
        limit = config.event_reporting.report.scan_limit_in_mbs
        work_group = WorkGroup(
            self,
            "WorkGroup",
            name=self._names.report,
            description="The reports' queries, and questions to the events",
            results=self._names.results_location,
            scan_limit_in_bytes=None if limit is None else limit * _MEGABYTE,
        )
        work_group.add_queries("event_reporting/queries", self._names.database)

    def _add_state_machine(self, topic: Topic, log: LogSettings) -> StateMachine:
        start_query = self._functions.start_query()
        check_query = self._functions.check_query()
        send_report = self._functions.send_report(topic.ref)
        return StateMachine(
            self,
            "StateMachine",
            name=self._names.report,
            definition=DEFINITION,
            substitutions={
                "StartQueryFunctionArn": start_query.arn,
                "CheckQueryFunctionArn": check_query.arn,
                "SendReportFunctionArn": send_report.arn,
                "StopQueryArn": f"arn:{partition()}:states:::athena:stopQueryExecution",
            },
            permissions={
                "CallFunctions": allow(
                    ["lambda:InvokeFunction"], [start_query.arn, check_query.arn, send_report.arn]
                ),
                "StopQuery": allow(["athena:StopQueryExecution"], [self._names.work_group_arn]),
            },
            log=log,
        )

    def _add_schedule(self, machine: StateMachine) -> DeadLetterQueue:
        rule = self._names.report
        dead_letters = DeadLetterQueue(
            self,
            "DeadLetters",
            name=f"{rule}-not-started",
            rule_arn=self._names.arn("events", f"rule/{rule}"),
        )
        function = self._functions.start_workflow(machine.ref, dead_letters.arn)
        add_schedule(self, rule=rule, function=function, dead_letters=dead_letters)
        return dead_letters

    def _add_alarms(self, machine: StateMachine, dead_letters: DeadLetterQueue, email: str | None) -> None:
        """Alarms have a topic of their own: with the key of the other they could not publish."""
        topic = AlarmTopic(
            self,
            "AlarmTopic",
            name=f"{self._names.report}-alarms",
            display_name="Event report alarms",
            key_arn=None,
            email=email,
        )
        watched = alarms(
            state_machine_arn=machine.ref,
            dead_letters=dead_letters.get_att("QueueName").to_string(),
            delivery_stream=self._names.delivery_stream,
        )
        for alarm in watched:
            add_alarm(
                self,
                alarm,
                name_prefix=f"{self._names.suffix}-",
                topic_arn=topic.ref,
                runbook=RUNBOOK,
            )
