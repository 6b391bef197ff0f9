{# A share between 0 and 1 as a whole number of ten-thousandths, 0 when the whole is 0 or unknown. #}
{% macro ten_thousandths(part, whole) -%}
cast(floor(coalesce(least(1, greatest(0, {{ rate(part, whole) }})), 0) * 10000 + 0.5) as bigint)
{%- endmacro %}

{# The squared distance of a row's features from a centroid {feature: share}, in whole numbers: exact on every engine. #}
{% macro squared_distance(centroid) -%}
{% for feature, share in centroid.items() | sort -%}
{%- set place = (share * 10000) | round | int -%}
({{ feature }} - {{ place }}) * ({{ feature }} - {{ place }}){{ ' + ' if not loop.last }}
{%- endfor %}
{%- endmacro %}
