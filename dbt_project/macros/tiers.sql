{# Value tiers (tiers.csv). They reach the models as the var `tiers`, so that floors compile to literals. #}

{# Rank (1 = lowest) of an average aum; null when it is unknown. With `months`: only the tiers that such an average of
   so many month-ends ago still holds up. #}
{% macro tier_rank(aum, months=0) -%}
case
    {%- for tier in var('tiers') | sort(attribute='rank', reverse=true) if tier.fall_months >= months and tier.rank > 1 %}
    when {{ aum }} >= {{ tier.floor_amount }} then {{ tier.rank }}
    {%- endfor %}
    when {{ aum }} is not null then 1
end
{%- endmacro %}

{# A column of tiers.csv by rank: the code `tier`, or `floor_amount`; null beyond the highest. #}
{% macro tier_of(rank, column='tier') -%}
case {{ rank }}
    {%- for tier in var('tiers') | sort(attribute='rank') %}
    when {{ tier.rank }} then {{ tier[column] if tier[column] is number else "'" ~ tier[column] ~ "'" }}
    {%- endfor %}
end
{%- endmacro %}

{# Rank of a tier's code; null for none. #}
{% macro rank_of_tier(tier) -%}
case {{ tier }}
    {%- for row in var('tiers') | sort(attribute='rank') %}
    when '{{ row.tier }}' then {{ row.rank }}
    {%- endfor %}
end
{%- endmacro %}
