{# True when a staging table has any row: an optional table that a bank does not deliver is an empty one, and what
   rests on it alone is unknown, not no. #}
{% macro delivered(relation) -%}
(select count(*) > 0 from (select 1 as found from {{ relation }} limit 1) as first_row)
{%- endmacro %}

{# The last n days, the business date included, as a relation with one column `day`. #}
{% macro last_days(n) -%}
{%- set py = modules.datetime -%}
{%- set last = py.date.fromisoformat(var('as_of')) -%}
(select cast(iso_day as date) as day
    from (values {% for back in range(n) %}('{{ (last - py.timedelta(days=back)).isoformat() }}'){{ ', ' if not loop.last }}{% endfor %}) as iso_days (iso_day))
{%- endmacro %}
