"""EventBridge rules of the templates that a schedule fires.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
"""
