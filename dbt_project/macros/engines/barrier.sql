{# A stop for Spark's optimizer, which would otherwise fold a chain of steps into one expression that doubles at each of
   them and never ends planning. Put at the end of a step; costs one shuffle there, and nothing on DuckDB. #}
{% macro step_barrier(column) %}{{ adapter.dispatch('step_barrier', 'mingdan')(column) }}{% endmacro %}
{% macro duckdb__step_barrier(column) %}{% endmacro %}
{% macro spark__step_barrier(column) %}distribute by {{ column }}{% endmacro %}
