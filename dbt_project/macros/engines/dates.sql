{# The only place where DuckDB and Spark may differ. Dates in, dates out; days and months are whole numbers. #}

{% macro plus_days(day, days) %}{{ adapter.dispatch('plus_days', 'mingdan')(day, days) }}{% endmacro %}
{% macro duckdb__plus_days(day, days) %}({{ day }} + cast({{ days }} as integer)){% endmacro %}
{% macro spark__plus_days(day, days) %}date_add({{ day }}, cast({{ days }} as int)){% endmacro %}

{% macro plus_months(day, months) %}{{ adapter.dispatch('plus_months', 'mingdan')(day, months) }}{% endmacro %}
{% macro duckdb__plus_months(day, months) %}cast({{ day }} + to_months(cast({{ months }} as integer)) as date){% endmacro %}
{% macro spark__plus_months(day, months) %}add_months({{ day }}, cast({{ months }} as int)){% endmacro %}

{% macro days_between(later, earlier) %}{{ adapter.dispatch('days_between', 'mingdan')(later, earlier) }}{% endmacro %}
{% macro duckdb__days_between(later, earlier) %}cast(date_diff('day', {{ earlier }}, {{ later }}) as integer){% endmacro %}
{% macro spark__days_between(later, earlier) %}datediff({{ later }}, {{ earlier }}){% endmacro %}

{# Monday 1 … Sunday 7 #}
{% macro weekday(day) %}{{ adapter.dispatch('weekday', 'mingdan')(day) }}{% endmacro %}
{% macro duckdb__weekday(day) %}cast(isodow({{ day }}) as integer){% endmacro %}
{% macro spark__weekday(day) %}(weekday({{ day }}) + 1){% endmacro %}

{% macro full_months_between(later, earlier) -%}
cast((extract(year from {{ later }}) - extract(year from {{ earlier }})) * 12
    + extract(month from {{ later }}) - extract(month from {{ earlier }})
    - case when extract(day from {{ later }}) < extract(day from {{ earlier }})
        and {{ later }} <> last_day({{ later }}) then 1 else 0 end as integer)
{%- endmacro %}
