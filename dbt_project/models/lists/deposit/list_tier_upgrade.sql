-- list_tier_upgrade 临界提升: who needs just a little more to reach the next value tier?
--
-- Who: 30-day average of all assets within a tenth below the next tier's floor.
-- Order: how small the gap is, money coming in, tenure.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    gap_to_next_tier_amount as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where next_tier is not null
    and aum_avg_30d >= (aum_avg_30d + gap_to_next_tier_amount) * {{ threshold('near_tier_share', rule) }}
{% endcall %}
