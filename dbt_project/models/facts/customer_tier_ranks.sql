{{ config(materialized='view') }}
-- customer_tier_ranks: in which value tier does each customer stand today, and where at the two month-ends before?
--
-- One row per customer; ranks of tiers.csv, 1 the lowest. The same memory as the tier itself: the best of the day's
-- 30-day average and of the month-ends that still hold it up, the day's own included when it is one. Unknown before the
-- customer's opening, and where the averages are.
{% set months = var('tiers') | map(attribute='fall_months') | max %}
{% set ends = month_ends(13) %}
{% set first = 2 if ends[0] == var('as_of') else 1 %}
{% set averages = {'today': 'avg_30d_amount', '1': 'month_end_avg_30d_' ~ first ~ '_amount', '2': 'month_end_avg_30d_' ~ (first + 1) ~ '_amount'} %}
{% set oldest = {'today': 1, '1': first, '2': first + 1} %}
select
    customer_id,
    customer_no,
    aum_amount,
    avg_30d_amount,
    {%- for back in ['1', '2'] %}
    month_end_aum_{{ oldest[back] }}_amount as month_end_{{ back }}_aum_amount,
    {{ averages[back] }} as month_end_{{ back }}_avg_30d_amount,
    {%- endfor %}
    {%- for point, average in averages.items() %}
    case
        when {{ average }} is not null {% if point != 'today' %}and history_days > {{ age_of(ends[oldest[point] - 1]) }} {% endif -%}
            then greatest({{ tier_rank(average) }}
            {%- for month in range(1, months + 1) %}, coalesce({{ tier_rank('month_end_avg_30d_' ~ (oldest[point] + month - 1) ~ '_amount', months=month) }}, 1){% endfor %})
    end as rank_{{ point }},
    {%- endfor %}
    {{ as_of_column() }}
from {{ ref('customer_balances') }}
