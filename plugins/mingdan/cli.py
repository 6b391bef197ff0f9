"""The command line `mingdan`. Exit status 0 only when what was asked is done; errors on stderr, one paragraph."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from mingdan import settings as settings_module

app = typer.Typer(
    help="Ranked marketing lists for every branch of a retail bank, each working day.",
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
)  # fmt: skip
settings_app = typer.Typer(help="The bank's settings.", no_args_is_help=True)
app.add_typer(settings_app, name="settings")

Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Business date: the day whose closing data is used.")]


def fail(message: object) -> NoReturn:
    typer.echo(f"mingdan: {message}", err=True)
    raise typer.Exit(1)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn what a user can cause into one paragraph on stderr; what we caused keeps its traceback in the log."""
    try:
        yield
    except (ValueError, OSError, RuntimeError, LookupError) as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        fail(error)


@app.callback()
def begin(verbose: Annotated[bool, typer.Option(help="Say each step on stderr.")] = False) -> None:
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(message)s", stream=sys.stderr)


@app.command()
def sample_bank(
    customers: Annotated[int, typer.Option(help="How many customers.", min=50)] = 2000,
    branches: Annotated[int, typer.Option(help="How many branches.", min=1)] = 20,
    months: Annotated[int, typer.Option(help="Months of history.", min=3)] = 15,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last delivered day.")] = datetime(2026, 6, 29),
    seed: Annotated[int, typer.Option(help="Same seed, same bank.")] = 7,
    snapshots: Annotated[
        Literal["month-ends", "daily"], typer.Option(help="Which days have snapshots.")
    ] = "month-ends",
) -> None:
    """Write a synthetic bank into the landing zone, and truth.parquet (who belongs on which list) beside it."""
    from mingdan.sample_bank import write_sample_bank

    home = settings_module.home()
    landing = Path(home.landing)
    with said_plainly():
        if "://" in home.landing:
            raise ValueError(f"the sample bank is written to a folder; found landing zone {home.landing}.")
        write_sample_bank(
            landing, home.root / "truth.parquet", customers=customers, branches=branches, months=months,
            until=until.date(), seed=seed, snapshots=snapshots,
        )  # fmt: skip
    typer.echo(f"{customers} customers in {branches} branches, {months} months until {until.date()}: {landing}")


@app.command()
def check_sources(as_of: Day) -> None:
    """Say what is there, late, missing or malformed for a business date. Nothing is computed."""
    from mingdan import landing
    from mingdan.contract import load_contract

    with said_plainly():
        settings = settings_module.load()
        report = landing.check_sources(settings_module.home(settings), settings, load_contract(), as_of.date())
    for row in report.to_rows():
        rows = "-" if row["rows"] is None else row["rows"]
        typer.echo(f"{row['source']}.{row['table']:<22} {row['status']:<9} {rows:>12}")
    for problem in report.problems:
        typer.echo(f"{problem.severity}: {problem}", err=problem.severity == "error")
    if report.errors:
        fail(f"{len(report.errors)} problem(s) stop a run for {as_of.date()}.")


@app.command()
def run(
    as_of: Day,
    lists: Annotated[str, typer.Option(help="Only these lists, comma-joined; such a run is not published.")] = "",
    publish: Annotated[bool, typer.Option(help="Publish what was built, when the next day is a working day.")] = True,
    known_by: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Use the sources as known by this day.")
    ] = None,
) -> None:
    """Build the lists of a business date and publish them: the same steps as the DAG, in this process."""
    from mingdan import day

    chosen = [each.strip() for each in lists.split(",") if each.strip()] or None
    started = datetime.now()
    wanted = day.Run(
        as_of=as_of.date(), run_id=f"cli-{started:%Y%m%dT%H%M%S.%f}", publish=publish and not chosen, lists=chosen,
        known_by=known_by.date() if known_by else None,
    )  # fmt: skip
    with said_plainly():
        for summary in day.run_day(wanted):
            took = (datetime.now() - started).total_seconds()
            typer.echo(f"{summary['step']:<17} done after {took:5.1f} s", err=True)
            for warning in summary["warnings"]:
                typer.echo(f"  warning: {warning}", err=True)
    done = f"published list date {wanted.list_date}, revision {summary['revision']}: " if summary["published"] else ""
    typer.echo(done + summary["why"])


@app.command()
def build_ahead() -> None:
    """Build what the next business date needs of the days before it, after a published day: its own run is shorter."""
    from mingdan import day

    with said_plainly():
        summary = day.build_ahead(day.last_run(settings_module.home()))
    typer.echo(summary["why"])


@app.command()
def why(
    subject: str,
    as_of: Day,
    list_code: Annotated[str | None, typer.Option("--list", help="One list only.")] = None,
) -> None:
    """Tell a customer's way through the waterfall on a business date, in words."""
    from mingdan.why import tell

    with said_plainly():
        for line in tell(settings_module.home(), subject, as_of.date(), list_code):
            typer.echo(line)


@app.command()
def preview(
    list_code: Annotated[str, typer.Argument(metavar="LIST", help="Code of the list.")],
    as_of: Day,
    threshold: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Ask what another threshold would change.")
    ] = None,
) -> None:
    """Show a list's candidates on a built day: per branch and score, whom it takes from other lists, a sample.

    With --threshold instead what would change: who comes and goes, what exceeds capacity, what other lists lose."""
    from mingdan import preview, threshold_preview

    with said_plainly():
        settings = settings_module.load()
        home, day = settings_module.home(settings), as_of.date()
        lines = (
            threshold_preview.tell(
                home, settings, list_code, day, threshold, f"preview-{datetime.now():%Y%m%dT%H%M%S.%f}"
            )
            if threshold
            else preview.tell(home, settings, list_code, day)
        )
        for line in lines:
            typer.echo(line)


@app.command()
def dictionary(code: Annotated[str | None, typer.Argument(help="A label, event or segment.")] = None) -> None:
    """Say what a label, event or segment means, rests on and how it is spread; without a code all of them in brief."""
    from mingdan.dictionary import tell

    with said_plainly():
        for line in tell(settings_module.home(), code):
            typer.echo(line)


@app.command()
def published(
    on: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="List date; default: newest.")
    ] = None,
) -> None:
    """Show what is current: list date, revision, states of the lists, checks."""
    from mingdan import publishing
    from mingdan.stores import Store

    with said_plainly():
        found = publishing.published(Store(settings_module.home().published), on.date() if on else None)
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))


@app.command()
def verify(day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="List date.")]) -> None:
    """Hash every published file of a list date against its manifest."""
    from mingdan import publishing
    from mingdan.stores import Store

    with said_plainly():
        problems = publishing.verify(Store(settings_module.home().published), day.date())
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        fail(f"{len(problems)} published file(s) of {day.date()} are not what their manifest says.")
    typer.echo(f"{day.date()}: every published file is what its manifest says.")


@app.command()
def audit(
    first: Annotated[datetime, typer.Argument(metavar="FROM", formats=["%Y-%m-%d"], help="First list date.")],
    last: Annotated[datetime, typer.Argument(metavar="TO", formats=["%Y-%m-%d"], help="Last list date.")],
) -> None:
    """Check every rule of delivery anew over the published days from FROM to TO, from files and sources alone."""
    from mingdan import audit

    with said_plainly():
        settings = settings_module.load()
        days, results = audit.audit(settings_module.home(settings), settings, first.date(), last.date())
    for line in audit.told(days, results):
        typer.echo(line)
    broken = [each for each in results if each.count]
    if broken:
        fail(f"{len(broken)} of {len(results)} rules are broken: {', '.join(each.rule.name for each in broken)}.")


@app.command()
def simulate(
    days: Annotated[int, typer.Option(help="How many business dates, one after another.", min=1)] = 8,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First business date; default: 2026-06-15.")
    ] = None,
    customers: Annotated[int, typer.Option(help="How many customers.", min=50)] = 2000,
    branches: Annotated[int, typer.Option(help="How many branches.", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Same seed, same days.")] = 7,
    lists: Annotated[str, typer.Option(help="Only these lists, comma-joined.")] = "",
    report: Annotated[Path | None, typer.Option(help="Write the report to this file too.")] = None,
) -> None:
    """Live business days of an invented bank: contacts, refusals, leavers, holidays, late and broken sources, kills.

    Works in MINGDAN_HOME/simulation, which must not be there yet. Ends with an audit of all published days."""
    from mingdan import audit, simulation

    lived: list[simulation.Lived] = []
    chosen = [each.strip() for each in lists.split(",") if each.strip()]
    with said_plainly():
        root = settings_module.home().root / "simulation"
        begin = first.date() if first else simulation.FIRST
        for day in simulation.simulate(root, days, begin, customers, branches, seed, chosen):
            typer.echo(simulation.line(day))
            lived.append(day)
        settings = settings_module.load()
        home = settings_module.home(settings)
        judged, results = audit.audit(home, settings, lived[0].list_date, lived[-1].list_date)
    sizes = f"{customers} customers, {branches} branches, seed {seed}, {lists or 'all lists'}"
    page = simulation.report(lived, sizes, [f"    {each}" for each in audit.told(judged, results)])
    typer.echo(page)
    if report:
        report.write_text(page, encoding="utf-8")
    broken, wrong = simulation.broken(lived), [each.rule.name for each in results if each.count]
    if broken or wrong:
        fail(f"{broken} promise(s) broken in {days} days, and {len(wrong)} rule(s) of the audit: {', '.join(wrong)}.")


@app.command()
def prune(
    do_it: Annotated[bool, typer.Option("--do-it", help="Remove; without it, only say what would go.")] = False,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Count terms from this day; default: the newest list date."),
    ] = None,
) -> None:
    """Remove days past their term of retention, whole; say first which."""
    from mingdan.retention import prune as past_term

    with said_plainly():
        settings = settings_module.load()
        gone = past_term(settings_module.home(settings), settings, today.date() if today else None, do_it)
    for path in gone:
        typer.echo(("removed " if do_it else "would remove ") + str(path))
    typer.echo(f"{len(gone)} day(s) past their term" + ("" if do_it or not gone else "; add --do-it to remove them"))


@settings_app.command("check")
def settings_check() -> None:
    """Check the bank's settings, and show what they change and what an upgrade added."""
    with said_plainly():
        shipped, own = settings_module.load_shipped(), settings_module.load()
        from mingdan import catalog

        catalog.validate(own)
    for key, value in own.values.items():
        typer.echo(f"{key}: {value}" + ("" if value == shipped.values[key] else f"   (shipped: {shipped.values[key]})"))
    for name, rows in own.tables.items():
        changed = [row for row in rows if row not in shipped.tables[name]]
        typer.echo(f"{name}.csv: {len(rows)} rows, {len(changed)} of them the bank's")
    typer.echo(f"settings_version {own.version}: all keys known.")


@app.command()
def portal(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8090,
    workers: Annotated[int, typer.Option(help="Processes that serve pages, each with the day in memory.")] = 1,
) -> None:
    """Serve the branch portal over the published lists. Settings say who may sign on, and how."""
    import uvicorn

    from mingdan.portal.server import from_settings

    with said_plainly():
        from_settings()  # says what is missing, and brings the store up to date, before anybody is served
        chosen = settings_module.load()["portal"]
    # The gateway's word on where a request comes from; where the gateway itself is who is believed, its own address.
    trusted = [] if chosen["identity"] == "header" else chosen["proxies"]
    typer.echo(f"the portal is at http://{host}:{port}/")
    uvicorn.run("mingdan.portal.server:served", factory=True, workers=workers, host=host, port=port,
                log_level="warning", access_log=False, server_header=False, proxy_headers=bool(trusted),
                forwarded_allow_ips=trusted)  # fmt: skip


if __name__ == "__main__":
    app()
