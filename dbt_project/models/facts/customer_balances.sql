-- customer_balances: what does each customer hold here now, and what did they hold on average and at month-ends?
--
-- One row per customer. Everything is a sum over the customer's balance changes (customer_balance_sums). Days before the
-- relation began count as 0; a window that begins before balances are complete (data_coverage) is unknown.
{% set ends = month_ends(13) %}
with known as (
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
    {%- for days, sum in [(30, 'sum_30d'), (90, 'point_90d_0'), (365, 'sum_365d')] %}
    case when known.known_days >= {{ days }} then {{ mean_of('coalesce(sums.' ~ sum ~ ', 0)', days) }} end as avg_{{ days }}d_amount,
    {%- endfor %}
    case when known.known_days >= 120 then {{ mean_of('coalesce(sums.point_31_120d_0, 0)', 90) }} end as avg_31_120d_amount,
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
left join {{ ref('customer_balance_sums') }} as sums on customer_numbers.customer_no = sums.customer_no
