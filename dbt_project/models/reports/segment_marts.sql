-- segment_marts: how large is each segment at each branch, what does it hold, and how did it change?
--
-- One row per home branch and segment with at least one customer. The change is of today's members: what they held at
-- the last month-end against what they hold now. Who came and who went between tiers and stages: segment_migration.
{% set products = {
    'time': 'has_time', 'wealth': 'has_wealth', 'fund': 'has_fund', 'insurance': 'has_insurance', 'bond': 'has_bond',
    'loan': 'has_loan', 'credit_card': 'has_credit_card', 'app': 'has_app', 'payment_binding': 'has_payment_binding',
} %}
{% set age_bands = {'below_18': '<18', '18_24': '18-24', '25_34': '25-34', '35_44': '35-44', '45_54': '45-54', '55_64': '55-64', '65_up': '65+'} %}
with members as (
    select
        labels.home_branch_id as branch_id,
        segments.segment,
        count(*) as customer_count,
        sum(labels.aum) as aum,
        sum(ranks.month_end_1_aum_amount) as month_end_aum,
        {% for held in [0, 1, 2, 3] -%}
        sum(case when labels.product_count = {{ held }} then 1 else 0 end) as holding_{{ held }}_count,
        {% endfor -%}
        sum(case when labels.product_count >= 4 then 1 else 0 end) as holding_4_or_more_count,
        sum(case when labels.app_tier in ('high', 'medium', 'low') then 1 when labels.app_tier is not null then 0 end) as app_active_count,
        count(labels.app_tier) as app_active_known,
        {% for product, flag in products.items() -%}
        sum(case when labels.{{ flag }} then 1 when not labels.{{ flag }} then 0 end) as {{ product }}_count,
        count(labels.{{ flag }}) as {{ product }}_known,
        {% endfor -%}
        {% for name, band in age_bands.items() -%}
        sum(case when labels.age_band = '{{ band }}' then 1 else 0 end) as age_{{ name }}_count,
        {% endfor -%}
        sum(case when labels.gender = 'F' then 1 else 0 end) as women_count,
        sum(case when labels.gender = 'M' then 1 else 0 end) as men_count
    from {{ ref('customer_segments') }} as segments
    inner join {{ ref('customer_labels') }} as labels on segments.customer_id = labels.customer_id
    inner join {{ ref('customer_tier_ranks') }} as ranks on segments.customer_id = ranks.customer_id
    group by labels.home_branch_id, segments.segment
)

select
    branch_id,
    segment,
    cast(customer_count as integer) as customer_count,
    {{ money('aum') }} as aum,
    {{ money('month_end_aum') }} as month_end_aum,
    {{ money('aum - month_end_aum') }} as aum_change_amount,
    {{ rate('aum - month_end_aum', 'month_end_aum') }} as aum_change_rate,
    {% for held in ['0', '1', '2', '3', '4_or_more'] -%}
    cast(holding_{{ held }}_count as integer) as holding_{{ held }}_count,
    {% endfor -%}
    cast(app_active_count as integer) as app_active_count,
    {{ rate('app_active_count', 'app_active_known') }} as app_active_rate,
    {% for product in products -%}
    cast({{ product }}_count as integer) as {{ product if product != 'loan' else 'borrower' }}_count,
    {{ rate(product ~ '_count', product ~ '_known') }} as {{ product }}_penetration_rate,
    {% endfor -%}
    {% for name in age_bands -%}
    cast(age_{{ name }}_count as integer) as age_{{ name }}_count,
    {% endfor -%}
    cast(women_count as integer) as women_count,
    cast(men_count as integer) as men_count,
    {{ as_of_column() }}
from members
