"""The external check: figures of a run beside the same figures of published studies, and what explains the difference."""

from transforms.external.compare import ExternalCheck, check_external
from transforms.external.days import DAY_CHECKS, DayCheck, compare_days, describe_days, rest_on_heating
from transforms.external.own import OwnFigures, summarise_own
from transforms.external.reference import DAILY_GAS, REFERENCES, References

__all__ = [
    "DAILY_GAS",
    "DAY_CHECKS",
    "REFERENCES",
    "DayCheck",
    "ExternalCheck",
    "OwnFigures",
    "References",
    "check_external",
    "compare_days",
    "describe_days",
    "rest_on_heating",
    "summarise_own",
]
