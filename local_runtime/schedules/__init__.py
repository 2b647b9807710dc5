"""Schedule expressions of EventBridge rules and Glue crawlers, and the thread that follows them."""

from local_runtime.schedules.cron import ScheduleError
from local_runtime.schedules.expression import Schedule, parse_schedule
from local_runtime.schedules.scheduler import Scheduler

__all__ = ["Schedule", "ScheduleError", "Scheduler", "parse_schedule"]
