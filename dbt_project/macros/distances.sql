{# Great-circle distance in km between two points in degrees. Row by row only: the last digits differ between engines. #}
{% macro kilometres(latitude, longitude, other_latitude, other_longitude) -%}
2 * 6371.0088 * asin(least(1.0, sqrt(
    power(sin(radians({{ other_latitude }} - {{ latitude }}) / 2), 2)
    + cos(radians({{ latitude }})) * cos(radians({{ other_latitude }})) * power(sin(radians({{ other_longitude }} - {{ longitude }}) / 2), 2)
)))
{%- endmacro %}
