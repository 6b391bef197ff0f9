"""The pages, one module each; every module has a `router` whose routes each name their room."""

from mingdan.portal.pages import (
    audit_trail,
    customers,
    dictionary,
    downloads,
    home,
    leads,
    maps,
    preview,
    reports,
    runs,
    today,
    uploads,
    who,
)

ROUTERS = [
    each.router
    for each in (
        home, today, leads, who, customers, maps, downloads, uploads, reports, preview, dictionary, runs, audit_trail,
    )
]  # fmt: skip
