{# Aggregate: the median of an amount, rounded half up to the cent. Taken over whole cents, so that both engines agree. #}
{% macro median_amount(amount) -%}
cast(floor(median(cast({{ amount }} * 100 as bigint)) + 0.5) / 100 as decimal(18, 2))
{%- endmacro %}
