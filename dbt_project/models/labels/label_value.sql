-- label_value: what does this customer hold here, and which value tier is that?
--
-- One row per customer. The tier follows the 30-day average: it rises at once, and falls only after three month-ends
-- below it (six for private, tiers.csv), so that one large bill costs nobody their benefits; the months between are the
-- watch. In closed form: the best of today's tier and the tiers of the last month-ends that still count. Recency,
-- frequency and money are scored by fixed steps and not by quantiles, so that a score moves only when the customer does.
{% set months = var('tiers') | map(attribute='fall_months') | max %}
{% set ends = month_ends(months) %}
{% set quarter_ends = [] %}
{% for month_end in month_ends(6) if month_end[5:7] in ['03', '06', '09', '12'] and age_of(month_end) | int >= 10 %}
    {% do quarter_ends.append(month_end) %}
{% endfor %}
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
),

coverage as (
    select
        coverage.transactions_from <= {{ plus_days(plus_months(as_of(), -12), 1) }} and products.are_delivered as knows_contribution,
        coverage.transactions_from <= {{ plus_days(as_of(), 1 - threshold('rfm_recency_2')) }} as knows_recency,
        coverage.balances_from <= {{ plus_days("cast('" ~ quarter_ends[0] ~ "' as date)", -5) }} as knows_spikes
    from {{ ref('data_coverage') }} as coverage
    cross join (select {{ delivered(ref('stg_core__products')) }} as are_delivered) as products
),

worth as (
    select
        floors.customer_id,
        case when coverage.knows_contribution then {{ money('coalesce(contributions.contribution_amount, 0)') }} end as contribution_amount,
        {{ days_between(as_of(), 'greatest(floors.opened_on, coalesce(activity.last_own_initiative_on, floors.opened_on))') }} as quiet_days,
        activity.last_own_initiative_on is not null or coverage.knows_recency or floors.opened_on > {{ plus_days(as_of(), '-' ~ threshold('rfm_recency_2')) }}
            as knows_recency,
        activity.own_initiative_days_60d as own_days,
        case when coverage.knows_spikes then spikes.customer_id is not null end as is_quarter_end_spike
    from floors
    cross join coverage
    left join {{ ref('customer_contributions') }} as contributions on floors.customer_id = contributions.customer_id
    left join {{ ref('label_activity') }} as activity on floors.customer_id = activity.customer_id
    left join {{ ref('quarter_end_spikes') }} as spikes
        on floors.customer_id = spikes.customer_id and spikes.quarter_end = cast('{{ quarter_ends[0] }}' as date)
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
    worth.contribution_amount as annual_contribution_amount,
    cast(case when worth.contribution_amount is not null then ntile(10) over (
        order by worth.contribution_amount desc nulls last, floors.customer_id nulls last
    ) end as integer) as contribution_decile,
    case
        when not worth.knows_recency then null
        {%- for score in [5, 4, 3, 2] %}
        when worth.quiet_days <= {{ threshold('rfm_recency_' ~ score) }} then {{ score }}
        {%- endfor %}
        else 1
    end as rfm_recency,
    case
        {%- for score in [5, 4, 3, 2] %}
        when worth.own_days >= {{ threshold('rfm_frequency_' ~ score) }} then {{ score }}
        {%- endfor %}
        when worth.own_days is not null then 1
    end as rfm_frequency,
    case
        {%- for score in [5, 4, 3, 2] %}
        when floors.avg_90d_amount >= {{ threshold('rfm_monetary_' ~ score) }} then {{ score }}
        {%- endfor %}
        when floors.avg_90d_amount is not null then 1
    end as rfm_monetary,
    worth.is_quarter_end_spike,
    {{ as_of_column() }}
from floors
left join {{ ref('customer_peaks') }} as peaks on floors.customer_id = peaks.customer_id
inner join worth on floors.customer_id = worth.customer_id
