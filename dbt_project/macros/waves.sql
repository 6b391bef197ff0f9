{# Which wave of a honeymoon (1 to 4) so many days after its beginning fall into; null between the waves. #}
{% macro wave(days, rule='enter') -%}
case
    {%- for number in range(1, 5) %}
    when {{ days }} between {{ threshold('wave_' ~ number ~ '_from', rule) }} and {{ threshold('wave_' ~ number ~ '_to', rule) }} then {{ number }}
    {%- endfor %}
end
{%- endmacro %}
