-- customer_peaks: what was the highest 30-day average of a customer's last year, seen from today and from the month-ends
-- before?
--
-- One row per customer who can ever have held the least peak that churn rates (the largest balances of their accounts
-- and holdings add up to it); nobody else is rated, and this is the costliest model. A point is the business date or a
-- month-end; its columns end in its place, 0 for the business date.
--
-- The 30-day sum S(t) grows each day by level(t) − level(t − 30): its slope changes by +c on the day of a change c and
-- by −c thirty days later, and between those days it is a straight line, so its highest value lies on the day before
-- one of them, where the slope turns, or at an end of the range. At such a day S = Σ c × (days since), two running sums
-- away. The peak of a point is taken over the 30-day windows that lie wholly in its days 31-395, and in complete balances. Money that only
-- came for a quarter-end's date is no peak: the days of such a spike stand at the level of the evening before it.
{% set points = churn_points() %}
{% set bare_ends = [] %}
{% for point in points %}
    {% do bare_ends.append(point.age + 29) %}
    {% if point.age + 364 <= 425 %}{% do bare_ends.append(point.age + 364) %}{% endif %}
{% endfor %}
with able as (
    select customer_no
    from (
        select customer_no, largest_balance as amount
        from {{ ref('deposit_accounts') }}
        union all
        select customer_numbers.customer_no, largest.amount
        from (
            select holding_id, customer_id, greatest(max(market_value), max(coalesce(cost_amount, 0))) as amount
            from {{ ref('stg_wealth__holdings_history') }}
            group by holding_id, customer_id
        ) as largest
        inner join {{ ref('customer_numbers') }} as customer_numbers on largest.customer_id = customer_numbers.customer_id
    ) as largest_balances
    group by customer_no
    having sum(amount) >= {{ threshold('churn_min_peak') }}
),

known as (
    select {{ days_between(as_of(), 'balances_from') }} + 1 as known_days
    from {{ ref('data_coverage') }}
),

changes as (
    {{ changes_of('able') }}
),

-- what changed within a spike, and the day after it, on which it counts in sums
spiked as (
    select
        changes.customer_no,
        changes.age,
        changes.cents,
        {{ days_between(as_of(), 'spikes.last_on') }} - 1 as age_after
    from changes
    inner join {{ ref('quarter_end_spikes') }} as spikes
        on changes.customer_no = spikes.customer_no
        and changes.age between {{ days_between(as_of(), 'spikes.last_on') }} and {{ days_between(as_of(), 'spikes.first_on') }}
),

moves as (
    select customer_no, age, cents as slope
    from changes
    union all
    select customer_no, age, -cents as slope
    from spiked
    union all
    select customer_no, age_after as age, cents as slope
    from spiked
),

events as (
    select customer_no, age, slope
    from moves
    union all
    select customer_no, age - 30 as age, -slope as slope
    from moves
    where age >= 59
    union all
    select able.customer_no, ends.age, 0 as slope
    from able
    cross join (
        {% for age in bare_ends -%}
        select {{ age }} as age
        union all
        {% endfor -%}
        select known_days - 31 as age from known
    ) as ends
    where ends.age >= 29
),

-- an event at `age` tells the sum of the 30 days that end the day before it
running as (
    select
        customer_no,
        age + 1 as window_age,
        slope,
        cast(sum(slope) over event_order as bigint) as slope_after,
        cast(sum(slope * age) over event_order as bigint) - age * cast(sum(slope) over event_order as bigint) as sum_30d
    from events
    window event_order as (partition by customer_no order by age desc nulls last)
),

extremes as (
    select
        running.customer_no,
        max(known.known_days) as known_days,
        -- the age rides along in the last digits: of equal peaks the earliest day wins
        max(case when running.window_age between 30 and least(365, known.known_days - 30) then running.sum_30d * 512 + running.window_age end) as peak_with_age,
        {%- for point in points %}
        max(case when running.window_age between {{ point.age + 30 }} and least({{ point.age + 365 }}, known.known_days - 30) then running.sum_30d end) as peak_{{ loop.index0 }}{{ ',' if not loop.last }}
        {%- endfor %}
    from running
    cross join known
    where running.slope_after <= 0 or running.slope = 0  -- a sum that goes on growing is no peak; an end of a range has no slope
    group by running.customer_no
),

averages as (
    select
        customer_no,
        {%- for point in points %}
        {{ day_sum(90, point.age) }} as sum_90d_{{ loop.index0 }},
        {{ day_sum(90, point.age + 30) }} as sum_31_120d_{{ loop.index0 }}{{ ',' if not loop.last }}
        {%- endfor %}
    from changes
    group by customer_no
)

select
    customer_numbers.customer_id,
    {{ plus_days(as_of(), '-(extremes.peak_with_age % 512)') }} as peak_on,
    {%- for point in points %}
    {{ mean_of('extremes.peak_' ~ loop.index0, 30) }} as peak_{{ loop.index0 }}_amount,
    case when extremes.known_days >= {{ point.age + 90 }} then {{ mean_of('averages.sum_90d_' ~ loop.index0, 90) }} end
        as avg_90d_{{ loop.index0 }}_amount,
    case when extremes.known_days >= {{ point.age + 120 }} then {{ mean_of('averages.sum_31_120d_' ~ loop.index0, 90) }} end
        as avg_31_120d_{{ loop.index0 }}_amount,
    {%- endfor %}
    {{ as_of_column() }}
from extremes
inner join averages on extremes.customer_no = averages.customer_no
inner join {{ ref('customer_numbers') }} as customer_numbers on extremes.customer_no = customer_numbers.customer_no
