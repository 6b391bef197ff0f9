-- label_value: what does this customer hold here, and which value tier is that?
--
-- One row per customer. The tier follows the 30-day average: it rises at once, and falls only after three month-ends
-- below it (six for private, tiers.csv), so that one large bill costs nobody their benefits; the months between are the
-- watch. In closed form: the best of today's tier and the tiers of the last month-ends that still count.
{% set months = var('tiers') | map(attribute='fall_months') | max %}
{% set ends = month_ends(months) %}
{% set has_peak = 'floors.history_days >= 90 and peaks.peak_0_amount >= ' ~ threshold('churn_min_peak') %}
with ranked as (
    select
        *,
        {{ tier_rank('avg_30d_amount') }} as rank_now,
        {%- for month in range(1, months + 1) %}
        {{ tier_rank('month_end_avg_30d_' ~ month ~ '_amount') }} as rank_{{ month }},
        {{ tier_rank('month_end_avg_30d_' ~ month ~ '_amount', months=month) }} as kept_rank_{{ month }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('customer_balances') }}
),

tiers as (
    select
        *,
        case when rank_now is not null then greatest(
            rank_now{% for month in range(1, months + 1) %}, coalesce(kept_rank_{{ month }}, 1){% endfor %}
        ) end as rank
    from ranked
),

floors as (
    select *, {{ tier_of('rank + 1', 'floor_amount') }} as next_floor
    from tiers
)

select
    floors.customer_id,
    floors.demand_amount as demand_balance,
    floors.time_amount as time_balance,
    {{ money('floors.demand_amount + floors.time_amount') }} as deposit_balance,
    floors.wealth_amount as wealth_balance,
    floors.aum_amount as aum,
    floors.avg_30d_amount as aum_avg_30d,
    floors.avg_90d_amount as aum_avg_90d,
    floors.avg_365d_amount as aum_avg_365d,
    floors.avg_31_120d_amount as aum_avg_31_120d,
    case when {{ has_peak }} then peaks.peak_0_amount end as aum_peak_12m,
    case when {{ has_peak }} then peaks.peak_on end as aum_peak_12m_on,
    {{ tier_of('floors.rank') }} as value_tier,
    {{ tier_of('floors.rank_now') }} as value_tier_now,
    {{ tier_of('floors.rank + 1') }} as next_tier,
    {{ money('floors.next_floor - floors.avg_30d_amount') }} as gap_to_next_tier_amount,
    case
        when floors.rank is null then null
        else coalesce(floors.avg_30d_amount >= floors.next_floor * {{ threshold('near_tier_share') }}, false)
    end as is_near_next_tier,
    floors.rank_now < floors.rank as is_on_tier_watch,
    case
        when floors.rank_now is null or floors.rank_now >= floors.rank then null
        when coalesce(floors.rank_1 >= floors.rank, true) then null
        {%- for month in range(2, months + 1) %}
        when coalesce(floors.rank_{{ month }} >= floors.rank, true) then cast('{{ ends[month - 2] }}' as date)
        {%- endfor %}
    end as tier_watch_since_on,
    {{ as_of_column() }}
from floors
left join {{ ref('customer_peaks') }} as peaks on floors.customer_id = peaks.customer_id
