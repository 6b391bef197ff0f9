{# The text of one key of a JSON object, null where it has none. #}
{% macro json_value(column, key) %}{{ adapter.dispatch('json_value', 'mingdan')(column, key) }}{% endmacro %}
{% macro duckdb__json_value(column, key) %}json_extract_string({{ column }}, '$.{{ key }}'){% endmacro %}
{% macro spark__json_value(column, key) %}get_json_object({{ column }}, '$.{{ key }}'){% endmacro %}
