{# Distance bands of the branches' maps: on foot, by bicycle, by bus, farther. #}
{% macro distance_band(km) -%}
case
    when {{ km }} < 1 then '0-1'
    when {{ km }} < 3 then '1-3'
    when {{ km }} < 5 then '3-5'
    when {{ km }} < 10 then '5-10'
    when {{ km }} >= 10 then '10+'
    else 'unknown'
end
{%- endmacro %}
