{# Aggregate: the distinct values, sorted, joined by a comma; null when there are none. #}
{% macro ordered_text(x) %}{{ adapter.dispatch('ordered_text', 'mingdan')(x) }}{% endmacro %}
{% macro duckdb__ordered_text(x) %}string_agg(distinct {{ x }}, ',' order by {{ x }}){% endmacro %}
{% macro spark__ordered_text(x) %}nullif(concat_ws(',', array_sort(collect_set({{ x }}))), ''){% endmacro %}

{# A value as text, the same on both engines (decimals keep their scale, dates are ISO). #}
{% macro as_text(x) %}cast({{ x }} as {{ dbt.type_string() }}){% endmacro %}
