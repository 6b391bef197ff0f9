"""Earlier days, built ahead: after its publication a day builds models/earlier for the next business date, in a file
beside the warehouse, and says in it what they are made from. The next day takes them if that is just what it would make
them from itself; else it makes everything anew, with the same rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import mingdan
from mingdan import landing
from mingdan.contract import Contract
from mingdan.landing import PartitionFiles
from mingdan.settings import DBT_PROJECT, Home, Settings
from mingdan.warehouse import BuildResult, EarlierDays, Warehouse

# The event tables that models/earlier reads; a test compares. What it reads of snapshots is looked at again on the day.
STOPS = ("core.account_balances", "core.transactions")
# Those whose days may come late: earlier days hold what had come, and the day reads what came after.
MAY_BE_LATE = ("cards.card_transactions", "channels.app_activity")
READS = (*STOPS, *MAY_BE_LATE)

# The variables of the day, beside as_of, earlier_to and late_to, that it reads; a test compares.
DATES = ("history_starts_on", "previous_business_date")


def rests_on(
    settings: Settings,
    as_of: date,
    variables: Mapping[str, Any],
    files: Mapping[str, Iterable[PartitionFiles]],
    late_to: Mapping[str, str],
) -> str:
    """Digest of all that earlier days of a business date are made from: the accepted files of days before it (of all
    `files`, by table id), and of a table that may be late of days up to `late_to` (none if it is not there), what its
    calendar and history say, settings, package and models."""
    last = dict.fromkeys(STOPS, str(as_of - timedelta(days=1))) | dict(late_to)
    models = hashlib.sha256()
    for path in sorted(each for each in DBT_PROJECT.rglob("*") if each.suffix in (".sql", ".yml")):
        if "target" not in path.parts:
            models.update(path.name.encode() + path.read_bytes())
    read = [
        [name, str(each.biz_date), each.version, each.paths, each.absent, each.standing]
        for name in READS
        for each in files[name]
        if str(each.biz_date) <= last.get(name, "")
    ]
    dates = [str(as_of), *(str(variables[name]) for name in DATES)]
    made_from = [dates, last, settings.version, mingdan.__version__, models.hexdigest(), read]
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def build(
    home: Home,
    settings: Settings,
    contract: Contract,
    as_of: date,
    variables: Mapping[str, Any],
    late_to: Mapping[str, str],
) -> BuildResult | None:
    """Build models/earlier for the day after `as_of`, with `variables` of a day but for its dates; `late_to` gives the
    newest day, YYYY-MM-DD, of each table of MAY_BE_LATE that `as_of` has read. None when they stand already, or stand
    for a later day: an old day run again does not take tomorrow's. A build that fails or is killed leaves nothing that
    is ever taken: what it rests on is written last."""
    tomorrow = as_of + timedelta(days=1)
    files = {name: landing.known_before(home, settings, contract.tables[name], tomorrow) for name in READS}
    made_from = rests_on(settings, tomorrow, variables, files, late_to)
    today, ahead = Warehouse(home, settings), Warehouse(home, settings, ahead=True)
    stands = ahead.stands_for()
    wanted = EarlierDays(tomorrow, made_from, dict(late_to))
    if stands and (stands == wanted or stands.as_of > tomorrow):
        return None
    ahead.remove()
    ahead.register_sources_of(today, contract, files)
    dates = {"as_of": str(tomorrow), "earlier_to": str(as_of), "late_to": late_to}
    result = ahead.build(["+path:models/earlier"], dict(variables) | dates)
    if result.failed:
        ahead.remove()
    else:
        ahead.keep_earlier_alone()
        ahead.stand_for(wanted)
    return result
