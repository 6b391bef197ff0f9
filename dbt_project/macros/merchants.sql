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

{# The alert level of a day (a row of merchant_days) within an episode: against the episode's fixed base, or, of a seasonal
   trade, against the same time of last year, whose silence counts as little as this year's. #}
{% macro episode_level(days, base) -%}
case
    when {{ days }}.season_amount is null then {{ alert_level(days ~ '.settled_30d_amount', base, days ~ '.idle_days') }}
    else {{ alert_level(days ~ '.settled_30d_amount', days ~ '.season_amount', 0) }}
end
{%- endmacro %}

{# Points of one part of the star score: those of the first (best) limit that the value meets, 0 when it meets none or is
   unknown. #}
{% macro star_points(part, value, limits, at_most=false) -%}
case
    {%- for place in range(1, limits + 1) %}
    when {{ value }} {{ '<=' if at_most else '>=' }} {{ threshold('merchant_star_' ~ part ~ '_' ~ place) }} then {{ threshold('merchant_star_' ~ part ~ '_' ~ place ~ '_points') }}
    {%- endfor %}
    else 0
end
{%- endmacro %}

{# Stars, 1 to 5, that a score makes; null without one. #}
{% macro star_level(score) -%}
case
    {%- for star in [5, 4, 3, 2] %}
    when {{ score }} >= {{ threshold('merchant_star_' ~ star) }} then {{ star }}
    {%- endfor %}
    when {{ score }} is not null then 1
end
{%- endmacro %}
