{# Aggregate: the median of an amount, rounded half up to the cent. Taken over whole cents, so that both engines agree. #}
{% macro median_amount(amount) -%}
cast(floor(median(cast({{ amount }} * 100 as bigint)) + 0.5) / 100 as decimal(18, 2))
{%- endmacro %}

{# The same of the first `count` of a sorted_list of whole cents: the aggregate keeps the values of
   each of a million customers beside each other in memory, and takes over a minute where there is too little of it. #}
{% macro median_of_list(cents, count) -%}
{%- set lower, upper = 'cast(floor((' ~ count ~ ' + 1) / 2) as integer)', 'cast(floor(' ~ count ~ ' / 2) as integer) + 1' -%}
cast(floor(cast({{ item_of(cents, lower) }} + {{ item_of(cents, upper) }} as double) / 2 + 0.5) / 100 as decimal(18, 2))
{%- endmacro %}
