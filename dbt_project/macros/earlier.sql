{# Earlier days: models/earlier holds what the days up to `earlier_to` say, seen from the business date. It may be built
   ahead, on the day before, when the business date's files have not landed yet. A fact takes it and adds the days after
   `earlier_to`. When nothing was built ahead, `earlier_to` lies before all history: the earlier models are empty, and the
   facts make everything themselves, with the same rows. #}
{% macro earlier_to() -%}
cast('{{ var("earlier_to", "1900-01-01") }}' as date)
{%- endmacro %}

{# The same of a table whose days may come late: the newest that had come when earlier days were built. #}
{% macro late_to(table) -%}
cast('{{ var("late_to", {}).get(table, "1900-01-01") }}' as date)
{%- endmacro %}

{# False, to the engine's planner too, when nothing is built ahead: for earlier models that read no day's rows. #}
{% macro is_built_ahead() -%}
{{ earlier_to() }} > cast('1900-01-01' as date)
{%- endmacro %}

{# The aggregate that makes a column of days, and of what earlier and later days each made: 'count' and 'money' are sums,
   any other is an aggregate's name. #}
{% macro put_together(how, value) -%}
{%- if how == 'count' -%} cast(sum({{ value }}) as integer)
{%- elif how == 'money' -%} {{ money('sum(' ~ value ~ ')') }}
{%- else -%} {{ how }}({{ value }})
{%- endif -%}
{%- endmacro %}
