"""
Last night's extracts in, ranked lists per branch out: each day at 05:00 bank time, for the business date before.
`mingdan run --as-of DATE` takes the same steps. A day whose next day is no working day is built, not published.

### If it fails
Mend what the notice names, then clear the task: every task may be cleared and run again. If another date was built
meanwhile, clear from `accept_and_check_sources` on.
- **wait_for_sources**: tables are late. Ask the team that extracts them.
- **accept_and_check_sources**: a file is not as agreed: table, column, expected, found. Have it delivered again.
- **prepare**, **deliver**: a model failed; the error names it. A fault of the package, its settings or the machine.
- **candidates**, **check_candidates**: as prepare. A single list that fails is withheld instead, with a warning.
- **check_leads**: the last look before branches are told. Nothing is published; report the failed checks as our fault.
- **publish**: branches still see the former revision, whole.
- **build_ahead**: the day is published; tomorrow's takes longer, with the same rows. Clear it, or leave it.
- Any task, *another run holds the lock*: let that run end, then clear.

### By hand
Param `as_of` builds another date, after a run that still waits for its sources; a back-fill does not queue behind it.
It publishes only if its configuration says `{"publish": true}`; give it `--max-active-runs 1`: runs go one at a time.

### Who is told
Failures and warnings go to `notices` of the bank's settings.yml.
"""

from datetime import datetime, timedelta

from airflow.sdk import Asset, CronDataIntervalTimetable, chain, dag
from mingdan import settings
from mingdan.airflow_tasks import PARAMS, WaitForSources, step, tell_failure


@dag(
    schedule=CronDataIntervalTimetable("0 5 * * *", timezone=settings.load()["time_zone"]),
    start_date=datetime(1990, 1, 1),  # any date with data may be built by hand or back-filled
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    params=PARAMS,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5), "on_failure_callback": tell_failure},
)
def daily_lists():
    chain(
        WaitForSources(task_id="wait_for_sources"),
        step("accept_and_check_sources", "accept", "check_sources"),
        step("prepare"),
        step("candidates"),
        step("check_candidates"),
        step("deliver"),
        step("check_leads"),
        step("publish", outlets=[Asset("mingdan_lists")]),
        step("build_ahead"),
    )


daily_lists()
