{# The four alert levels of a merchant (blue 1, yellow 2, orange 3, red 4; 0 normal): the worse of how far the last 30
   days fell below the base, and of how many open days passed without settlement. #}
{% macro alert_level(settled, base, idle_days) -%}
case
    {%- for level, colour in [(4, 'red'), (3, 'orange'), (2, 'yellow'), (1, 'blue')] %}
    when {{ settled }} < {{ base }} * {{ threshold('merchant_' ~ colour ~ '_below') }}
        or {{ idle_days }} >= {{ threshold('merchant_' ~ colour ~ '_idle_days') }} then {{ level }}
    {%- endfor %}
    else 0
end
{%- endmacro %}
