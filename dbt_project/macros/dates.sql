{# The business date of this run, as a literal: no model ever asks a clock. #}
{% macro as_of() %}cast('{{ var("as_of") }}' as date){% endmacro %}

{% macro as_of_column() %}{{ as_of() }} as as_of{% endmacro %}

{# The n latest month-ends on or before the business date, newest first, as ISO texts. #}
{% macro month_ends(n) %}
    {%- set py = modules.datetime -%}
    {%- set day = py.date.fromisoformat(var('as_of')) -%}
    {%- set found = [] -%}
    {%- set cursor = namespace(day=day + py.timedelta(days=1)) -%}
    {%- for _ in range(n) -%}
        {%- set cursor.day = cursor.day.replace(day=1) - py.timedelta(days=1) -%}
        {%- do found.append(cursor.day.isoformat()) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# First day of "the last n days": since the list date before this one, and at least n days,
   so that what happened over a long holiday is still told on the day after it. #}
{% macro recent_since(days) -%}
    {%- set py = modules.datetime -%}
    {%- set at_least = py.date.fromisoformat(var('as_of')) - py.timedelta(days=(days | int) - 1) -%}
    {%- set before = var('previous_business_date', none) -%}
    {%- set since = at_least if before is none else [at_least, py.date.fromisoformat(before) + py.timedelta(days=1)] | min -%}
    cast('{{ since.isoformat() }}' as date)
{%- endmacro %}

{# The working day on which branches work the list: the day after the business date. #}
{% macro list_date() %}cast('{{ var("list_date") }}' as date){% endmacro %}

{# The list date's calendar quarter, '2026Q3': the cycle of control groups. #}
{% macro cycle() %}{% set day = modules.datetime.date.fromisoformat(var('list_date')) %}{{ return(day.year ~ 'Q' ~ ((day.month + 2) // 3)) }}{% endmacro %}

{# `value` of rows whose biz_date is one of the last `days` days. #}
{% macro within_days(days, value, otherwise='null') -%}
case when biz_date > {{ plus_days(as_of(), -days) }} then {{ value }} else {{ otherwise }} end
{%- endmacro %}
