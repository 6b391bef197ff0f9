"""`make test-workbook`: a branch workbook as LibreOffice prints it, turned into pictures and looked at.

Needs Debian's libreoffice-calc, poppler-utils and fonts-noto-cjk; a missing tool fails. The pictures stay in
pytest's temporary folder (`--basetemp=FOLDER` chooses it)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from mingdan import publishing
from mingdan.stores import Store

from tests import one_day

A4_LANDSCAPE, A4_UPRIGHT = (842, 595), (595, 842)  # points


def run(*command: str | Path) -> str:
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, timeout=180
    ).stdout


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one branch's rendered workbook: branch.pdf and a picture of each page."""
    folder = tmp_path_factory.mktemp("workbook")
    day = one_day.day(folder / "in", one_day.leads(1, per_branch=40), branches=1, consent_stamp="assumed (test data)")
    publishing.publish(Store(folder / "published"), day, {})
    book = folder / "published" / str(one_day.LIST_DATE) / "r001" / "branches" / "0001.xlsx"
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    run("soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, book)
    (folder / "0001.pdf").rename(folder / "branch.pdf")
    run("pdftoppm", "-r", "100", "-gray", folder / "branch.pdf", folder / "page")
    return folder


def texts(folder: Path) -> list[str]:
    return run("pdftotext", "-layout", folder / "branch.pdf", "-").split("\f")[:-1]


def ink(picture: Path) -> tuple[int, int, list[float]]:
    """Width, height and the share of dark points in each of ten upright strips of a grey picture (PGM)."""
    raw = picture.read_bytes()
    magic, size, depth, rest = raw.split(b"\n", 3)
    assert (magic, depth) == (b"P5", b"255")
    width, height = map(int, size.split())
    strips = [0] * 10
    for row in range(height):
        line = rest[row * width : (row + 1) * width]
        for strip in range(10):
            part = line[strip * width // 10 : (strip + 1) * width // 10]
            strips[strip] += sum(point < 128 for point in part)
    return width, height, [count / (width * height / 10) for count in strips]


def test_every_page_is_a4_with_branch_date_revision_and_stamp(pages: Path) -> None:
    found = texts(pages)
    assert 6 <= len(found) <= 10
    for number, text in enumerate(found, start=1):
        size = run("pdfinfo", "-f", str(number), "-l", str(number), pages / "branch.pdf")
        width, height = (round(float(part)) for part in size.split(" size:")[1].split(" pts")[0].split(" x "))
        assert (width, height) == (A4_UPRIGHT if "晨会" in text else A4_LANDSCAPE)
        for word in ("第1支行", "2026-07-01", "第1版", "assumed (test data)", f"第{number}页", "不得外传"):
            assert word in text, (number, word)


def test_the_morning_meeting_prints_on_exactly_one_page_with_all_its_parts(pages: Path) -> None:
    found = [text for text in texts(pages) if "晨会" in text]
    assert len(found) == 1
    for word in (
        "今日线索：按名单和责任人",
        "今日应跟进",
        "今日前十",
        "本月进度",
        "本月之星：何经理",
        "未来两周存款到期",
        "高峰日",
    ):
        assert word in found[0], word
    at = texts(pages).index(found[0])
    width, height, strips = ink(sorted(pages.glob("page-*.pgm"))[at])
    assert width < height
    assert all(share > 0.002 for share in strips), strips


def test_the_leads_fit_one_page_in_width_and_repeat_their_header(pages: Path) -> None:
    leads = [text for text in texts(pages) if "推荐产品" in text]
    assert len(leads) == 2  # forty leads, two pages
    for text in leads:
        for head in ("序号", "客户号", "手机号", "推荐理由", "推荐产品", "责任人", "联系结果", "备注"):
            assert head in text
    assert "138****0001" in leads[0] and "138****0040" in leads[1]
    assert "L0000000000" not in leads[0]  # folded away


def test_every_sheet_is_there_and_nothing_is_cut_or_broken(pages: Path) -> None:
    whole = "\n".join(texts(pages))
    for word in ("与上一名单日相比", "到期结构视图", "话术内容", "按规则为空", "未启用", "客户授权"):
        assert word in whole
    for broken in ("###", "#REF", "#NAME", "#VALUE", "None", "nan"):
        assert broken not in whole


def test_the_pictures_show_print_across_the_page_and_bars_in_the_chart(pages: Path) -> None:
    pictures = sorted(pages.glob("page-*.pgm"))
    assert len(pictures) == len(texts(pages))
    width, height, strips = ink(pictures[0])
    assert width > height
    assert all(share > 0.002 for share in strips[:9]), strips
    chart = next(at for at, text in enumerate(texts(pages)) if "到期结构视图" in text)
    assert sum(ink(pictures[chart])[2]) / 10 > 0.03  # dark bars, not an empty frame
