"""The pages, one module each; every module has a `router` whose routes each name their room."""

from mingdan.portal.pages import audit_trail, downloads, home, leads, today, uploads

ROUTERS = [each.router for each in (home, today, leads, downloads, uploads, audit_trail)]
