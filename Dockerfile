# One image for every service of docker-compose.yml: Airflow, dbt, DuckDB and this project, from the locked versions.
FROM python:3.12-slim

ENV VIRTUAL_ENV=/opt/venv
ENV PATH=/opt/venv/bin:$PATH
ENV PYTHONUNBUFFERED=1
WORKDIR /opt/mingdan

# The environment first: it changes least often.
COPY requirements/services.lock requirements/services.lock
RUN python -m venv /opt/venv && pip install --no-cache-dir --disable-pip-version-check --quiet uv
RUN uv pip sync --quiet --no-cache --compile-bytecode --require-hashes requirements/services.lock

COPY pyproject.toml README.md ./
COPY dags dags
COPY examples/portal examples/portal
COPY dbt_project dbt_project
COPY expectations expectations
COPY plugins plugins
RUN uv pip install --quiet --no-cache --no-deps --compile-bytecode --editable .

# Services run as a user of no rights, who may write below MINGDAN_HOME only.
RUN useradd --uid 50000 --create-home mingdan && install -d -o mingdan -g mingdan /var/lib/mingdan
ENV MINGDAN_HOME=/var/lib/mingdan
USER mingdan
