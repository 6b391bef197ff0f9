{# Every column but one. #}
{% macro all_but(column) %}{{ adapter.dispatch('all_but', 'mingdan')(column) }}{% endmacro %}
{% macro duckdb__all_but(column) %}* exclude ({{ column }}){% endmacro %}
{% macro spark__all_but(column) %}* except ({{ column }}){% endmacro %}
