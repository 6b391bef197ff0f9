{# Value tiers (tiers.csv), lowest first. They reach the models as the var `tiers`, so that floors compile to literals. #}

{# Rank (1 = lowest) of an average aum; null when it is unknown. #}
{% macro tier_rank(aum) -%}
case
    {%- for tier in var('tiers') | sort(attribute='floor_amount', reverse=true) if not loop.last %}
    when {{ aum }} >= {{ tier.floor_amount }} then {{ loop.revindex }}
    {%- endfor %}
    when {{ aum }} is not null then 1
end
{%- endmacro %}

{# A column of tiers.csv by rank: the code `tier`, or `floor_amount`; null beyond the highest. #}
{% macro tier_of(rank, column='tier') -%}
case {{ rank }}
    {%- for tier in var('tiers') | sort(attribute='floor_amount') %}
    when {{ loop.index }} then {{ tier[column] if tier[column] is number else "'" ~ tier[column] ~ "'" }}
    {%- endfor %}
end
{%- endmacro %}
