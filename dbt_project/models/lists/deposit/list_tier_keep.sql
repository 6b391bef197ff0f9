-- list_tier_keep 保级: who is about to lose the value tier, and can still keep it?
--
-- Who: the 30-day average has fallen below the floor of the value tier, which a watch still holds up; who is lost is on 流失挽回.
-- Order: time left, size of the gap, why the money left.
--
-- The tier falls with the month-end that completes the watch (tiers.csv, fall_months): the first one below counts as one.
{% call(rule) marketing_list() %}
with watched as (
    select
        customer_id,
        aum_avg_30d,
        {{ tier_of(rank_of_tier('value_tier'), 'floor_amount') }} as floor_amount,
        last_day({{ plus_months('coalesce(tier_watch_since_on, ' ~ as_of() ~ ')', tier_of(rank_of_tier('value_tier'), 'fall_months') ~ ' - 1') }}) as falls_on
    from {{ ref('customer_labels') }}
    where is_on_tier_watch and churn_stage <> 'lost'
)

select
    customer_id as subject_id,
    floor_amount - aum_avg_30d as stake_amount,
    falls_on as due_on,
    {{ money('floor_amount') }} as tier_floor_amount,
    {{ money('floor_amount - aum_avg_30d') }} as tier_gap_amount,
    falls_on as tier_falls_on,
    {{ days_between('falls_on', as_of()) }} as tier_days_left
from watched
{% endcall %}
