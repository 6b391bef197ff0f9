-- list_asset_allocation 资产配置检视: whose assets lean too far to one side for what they are meant to do?
--
-- Who: wealth tier and up, the widest gap to the reference at least 15 points, and at least 60 % of the money seen here,
-- so that the gap is the customer's and not only our view of it. No insurance is proposed beyond the age of 60.
-- Order: the gap, money that matures soon, a valid risk assessment.
{% set gap_amount = money('floor(cast(aum as double) * asset_widest_gap_points + 0.5) / 100') %}
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    {{ gap_amount }} as stake_amount,
    cast(null as date) as due_on,
    {{ gap_amount }} as allocation_gap_amount
from {{ ref('customer_labels') }}
where value_tier in ('wealth', 'platinum', 'diamond', 'private')
    and asset_widest_gap_points >= {{ threshold('allocation_gap_from', rule) }}
    and not (asset_widest_gap = 'protect' and coalesce(age > {{ threshold('insurance_age_to') }}, false))
    and share_of_wallet_rate >= {{ threshold('allocation_wallet_from', rule) }}
{% endcall %}
