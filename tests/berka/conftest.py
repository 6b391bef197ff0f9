"""The real files, converted and read once. They may not be copied into the project: BERKA_DATA names their folder (else
../shared/data/berka beside the project), and without it the tests that need them are skipped and say so."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "examples" / "berka"))
import convert  # noqa: E402
from berka_reading import Bank  # noqa: E402

DATA = Path(os.environ.get("BERKA_DATA", ROOT.parent / "shared" / "data" / "berka"))


@pytest.fixture(scope="session")
def files() -> Path:
    """The folder with the .asc files."""
    if not any((DATA / name).exists() for name in ("account.asc", "account.asc.gz")):
        pytest.skip(f"NOT RUN: the Berka files are not in {DATA}; set BERKA_DATA to their folder")
    return DATA


@pytest.fixture(scope="session")
def bank(files: Path) -> Bank:
    return Bank(files)


@pytest.fixture(scope="session")
def landing(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Delivered as the bank would have: up to the first business date of the tests, then on to the second."""
    folder = tmp_path_factory.mktemp("berka") / "landing"
    for until in (date(1993, 9, 29), date(1993, 12, 14)):
        convert.convert(files, folder, until)
    return folder
