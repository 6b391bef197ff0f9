"""
What branches reported in the portal goes to the landing zone, each day at 00:30 bank time, for the day that has ended:
one partition of `portal.contacts`, empty when nobody reported. `daily_lists` waits for it once it has come before.

### If it fails
The notice names the day. Mend what it names (the portal's store or the landing zone does not answer), then clear the
task: a day is written once, and written again it is the same.

### Who is told
`notices` of the bank's settings.yml.
"""

from datetime import datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag
from mingdan import settings
from mingdan.airflow_tasks import hand_over, tell_failure


@dag(
    schedule=CronDataIntervalTimetable("30 0 * * *", timezone=settings.load()["time_zone"]),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5), "on_failure_callback": tell_failure},
)
def hand_over_outcomes():
    hand_over()


hand_over_outcomes()
