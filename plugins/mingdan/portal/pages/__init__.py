"""The pages, one module each; every module has a `router` whose routes each name their room."""

from mingdan.portal.pages import (
    audit_trail,
    care,
    customers,
    desk,
    dictionary,
    downloads,
    home,
    leads,
    maps,
    morning,
    pay,
    pick,
    preview,
    projects,
    reports,
    runs,
    today,
    uploads,
    who,
    work_logs,
)

ROUTERS = [
    each.router
    for each in (
        home, today, leads, who, customers, maps, pick, downloads, uploads, reports, preview, dictionary, runs,
        audit_trail, desk, care, morning, projects, work_logs, pay,
    )
]  # fmt: skip
