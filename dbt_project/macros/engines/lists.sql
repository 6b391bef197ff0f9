{# Values of one row as a list in their order, nulls last. #}
{% macro sorted_list(values) %}{{ adapter.dispatch('sorted_list', 'mingdan')(values) }}{% endmacro %}
{% macro duckdb__sorted_list(values) %}list_sort([{{ values | join(', ') }}], 'ASC', 'NULLS LAST'){% endmacro %}
{% macro spark__sorted_list(values) %}array_sort(array({{ values | join(', ') }})){% endmacro %}

{# The value at a place of a list; the first place is 1. #}
{% macro item_of(list, place) %}{{ adapter.dispatch('item_of', 'mingdan')(list, place) }}{% endmacro %}
{% macro duckdb__item_of(list, place) %}array_extract({{ list }}, {{ place }}){% endmacro %}
{% macro spark__item_of(list, place) %}element_at({{ list }}, {{ place }}){% endmacro %}
