-- customer_balances: what does each customer hold here now, and what did they hold on average and at month-ends?
--
-- One row per customer. Everything is a sum over the customer's balance changes: one that happened k days before the
-- end of an n-day window counts on k + 1 of its days. Days before the relation began count as 0; a window that begins
-- before balances are complete (data_coverage) is unknown. Amounts are added in whole cents: exact, and the same on
-- every engine.
{% set ends = month_ends(13) %}
with changes as (
    select
        customer_no,
        account_no is not null as is_deposit,
        is_demand,
        {{ days_between(as_of(), 'changed_on') }} as age,
        cast(change_amount * 100 as bigint) as cents
    from {{ ref('customer_balance_changes') }}
),

sums as (
    select
        customer_no,
        sum(case when is_demand then cents else 0 end) as demand,
        sum(case when is_deposit then cents else 0 end) as deposits,
        sum(cents) as aum,
        {{ level(30) }} as aum_30d_ago,
        {{ level(90) }} as aum_90d_ago,
        {{ day_sum(30) }} as sum_30d,
        {{ day_sum(90) }} as sum_90d,
        {{ day_sum(90, 30) }} as sum_31_120d,
        {{ day_sum(90, 90) }} as sum_91_180d,
        {{ day_sum(365) }} as sum_365d,
        {%- for month_end in ends %}
        {{ level(age_of(month_end)) }} as aum_{{ loop.index }},
        {{ day_sum(30, age_of(month_end)) }} as sum_30d_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from changes
    group by customer_no
),

known as (
    select {{ days_between(as_of(), 'balances_from') }} + 1 as known_days
    from {{ ref('data_coverage') }}
)

select
    customers.customer_id,
    customer_numbers.customer_no,
    customers.opened_on,
    cast(greatest(0, least(known.known_days, {{ days_between(as_of(), 'customers.opened_on') }} + 1)) as integer) as history_days,
    {{ from_cents('coalesce(sums.demand, 0)') }} as demand_amount,
    {{ from_cents('coalesce(sums.deposits - sums.demand, 0)') }} as time_amount,
    {{ from_cents('coalesce(sums.aum - sums.deposits, 0)') }} as wealth_amount,
    {{ from_cents('coalesce(sums.aum, 0)') }} as aum_amount,
    case when known.known_days > 30 then {{ from_cents('coalesce(sums.aum_30d_ago, 0)') }} end as aum_30d_ago_amount,
    case when known.known_days > 90 then {{ from_cents('coalesce(sums.aum_90d_ago, 0)') }} end as aum_90d_ago_amount,
    {%- for days in [30, 90, 365] %}
    case when known.known_days >= {{ days }} then {{ mean_of('coalesce(sums.sum_' ~ days ~ 'd, 0)', days) }} end as avg_{{ days }}d_amount,
    {%- endfor %}
    case when known.known_days >= 120 then {{ mean_of('coalesce(sums.sum_31_120d, 0)', 90) }} end as avg_31_120d_amount,
    case when known.known_days >= 180 then {{ mean_of('coalesce(sums.sum_91_180d, 0)', 90) }} end as avg_91_180d_amount,
    {%- for month_end in ends %}
    case when known.known_days > {{ age_of(month_end) }} then {{ from_cents('coalesce(sums.aum_' ~ loop.index ~ ', 0)') }} end
        as month_end_aum_{{ loop.index }}_amount,
    case
        when known.known_days >= {{ age_of(month_end) + 30 }} then {{ mean_of('coalesce(sums.sum_30d_' ~ loop.index ~ ', 0)', 30) }}
    end as month_end_avg_30d_{{ loop.index }}_amount,
    {%- endfor %}
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join known
inner join {{ ref('customer_numbers') }} as customer_numbers on customers.customer_id = customer_numbers.customer_id
left join sums on customer_numbers.customer_no = sums.customer_no
