{# Who can ever have held the least peak that churn rates: the largest balances of their accounts and holdings add up to it.
   `accounts` has customer_no and largest_balance, `customers` customer_id and customer_no. #}
{% macro able_to_peak(accounts, customers) -%}
select customer_no
    from (
        select customer_no, largest_balance as amount
        from {{ accounts }}
        union all
        select customers.customer_no, largest.amount
        from (
            select holding_id, customer_id, greatest(max(market_value), max(coalesce(cost_amount, 0))) as amount
            from {{ ref('stg_wealth__holdings_history') }}
            group by holding_id, customer_id
        ) as largest
        inner join {{ customers }} as customers on largest.customer_id = customers.customer_id
    ) as largest_balances
    where customer_no is not null
    group by customer_no
    having sum(amount) >= {{ threshold('churn_min_peak') }}
{%- endmacro %}

{# CTEs that end in `peaks`: each customer's highest 30-day sum, of the days 31-395 before each point of churn_points.

   They stand on the CTEs `able` (customer_no), `changes` of those customers that are 29 days old and older (customer_no,
   age, cents) and `known` (known_days), and on the relation `spikes`.

   The 30-day sum S(t) grows each day by level(t) − level(t − 30): its slope changes by +c on the day of a change c and
   by −c thirty days later, and between those days it is a straight line, so its highest value lies on the day before
   one of them, where the slope turns, or at an end of the range. At such a day S = Σ c × (days since), two running sums
   away. The peak of a point is taken over the 30-day windows that lie wholly in its days 31-395, and in complete balances.
   Money that only came for a quarter-end's date is no peak: the days of such a spike stand at the level of the evening
   before it. #}
{% macro peak_ctes(spikes) -%}
{%- set points = churn_points() -%}
{%- set bare_ends = [] -%}
{%- for point in points -%}
    {%- do bare_ends.append(point.age + 29) -%}
    {%- if point.age + 364 <= 425 -%}{%- do bare_ends.append(point.age + 364) -%}{%- endif -%}
{%- endfor -%}
-- what changed within a spike, and the day after it, on which it counts in sums
spiked as (
    select
        changes.customer_no,
        changes.age,
        changes.cents,
        {{ days_between(as_of(), 'spikes.last_on') }} - 1 as age_after
    from changes
    inner join {{ spikes }} as spikes
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

slopes as (
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

-- a change of slope at `age` tells the sum of the 30 days that end the day before it
running as (
    select
        customer_no,
        age + 1 as window_age,
        slope,
        cast(sum(slope) over slope_order as bigint) as slope_after,
        cast(sum(slope * age) over slope_order as bigint) - age * cast(sum(slope) over slope_order as bigint) as sum_30d
    from slopes
    window slope_order as (partition by customer_no order by age desc nulls last)
),

peaks as (
    select
        running.customer_no,
        -- the age rides along in the last digits: of equal peaks the earliest day wins
        max(case when running.window_age between 30 and least(365, known.known_days - 30) then running.sum_30d * 512 + running.window_age end) as peak_with_age,
        {%- for point in points %}
        max(case when running.window_age between {{ point.age + 30 }} and least({{ point.age + 365 }}, known.known_days - 30) then running.sum_30d end) as peak_{{ loop.index0 }}{{ ',' if not loop.last }}
        {%- endfor %}
    from running
    cross join known
    where running.slope_after <= 0 or running.slope = 0  -- a sum that goes on growing is no peak; an end of a range has no slope
    group by running.customer_no
)
{%- endmacro %}

{# Quarter-ends among the last 13 month-ends, ten days after which have passed: day, age, and its column of balance_sums. #}
{% macro past_quarter_ends() %}
    {%- set quarters = [] -%}
    {%- for month_end in month_ends(13) -%}
        {%- if month_end[5:7] in ['03', '06', '09', '12'] and age_of(month_end) | int >= 10 -%}
            {%- do quarters.append({
                'day': "cast('" ~ month_end ~ "' as date)", 'age': age_of(month_end) | int, 'aum': 'aum_' ~ loop.index,
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(quarters) }}
{% endmacro %}

{# Who brought money for a quarter-end's date alone (quarter_end_spikes), by customer_no: from levels at quarter-ends
   (`sums`: customer_no, columns of past_quarter_ends in cents), balance changes (customer_no, changed_on, change_amount)
   and `coverage` (balances_from). #}
{% macro spikes_of(sums, changes, coverage) -%}
{%- set quarters = past_quarter_ends() -%}
with quarter_ends as (
    {% for quarter in quarters -%}
    select
        customer_no,
        {{ quarter.day }} as quarter_end,
        {{ quarter.age }} as age,
        {{ from_cents(quarter.aum) }} as amount
    from {{ sums }}
    where {{ quarter.aum }} >= {{ threshold('spike_min_amount') }} * 100
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

known as (
    select {{ days_between(as_of(), 'balances_from') }} as oldest_age
    from {{ coverage }}
),

-- changes of the five days to a quarter-end and of the ten after it
changes as (
    select
        all_changes.customer_no,
        all_changes.changed_on,
        case
            {%- for quarter in quarters %}
            when changed_on > {{ plus_days(quarter.day, -5) }} and changed_on <= {{ plus_days(quarter.day, 10) }} then {{ quarter.day }}
            {%- endfor %}
        end as quarter_end,
        all_changes.change_amount
    from {{ changes }} as all_changes
    semi join quarter_ends on all_changes.customer_no = quarter_ends.customer_no
    where false
        {%- for quarter in quarters %}
        or (changed_on > {{ plus_days(quarter.day, -5) }} and changed_on <= {{ plus_days(quarter.day, 10) }})
        {%- endfor %}
),

movements as (
    select
        quarter_ends.customer_no,
        quarter_ends.quarter_end,
        quarter_ends.amount,
        sum(case when changes.changed_on <= quarter_ends.quarter_end then changes.change_amount else 0 end) as came_amount,
        -sum(case when changes.changed_on > quarter_ends.quarter_end then changes.change_amount else 0 end) as left_amount
    from quarter_ends
    cross join known
    inner join changes
        on quarter_ends.customer_no = changes.customer_no and quarter_ends.quarter_end = changes.quarter_end
    where quarter_ends.age + 5 <= known.oldest_age
    group by quarter_ends.customer_no, quarter_ends.quarter_end, quarter_ends.amount
),

spikes as (
    select *
    from movements
    where came_amount > {{ threshold('spike_share') }} * amount and left_amount > {{ threshold('spike_share') }} * amount
),

-- the level after each day of change, and the one before it
levels as (
    select
        spikes.customer_no,
        spikes.quarter_end,
        spikes.amount,
        days.changed_on,
        days.change_amount,
        spikes.amount - spikes.came_amount + sum(days.change_amount) over (
            partition by days.customer_no, days.quarter_end order by days.changed_on nulls last
        ) as level
    from spikes
    inner join (
        select changes.customer_no, changes.quarter_end, changes.changed_on, sum(changes.change_amount) as change_amount
        from changes
        semi join spikes on changes.customer_no = spikes.customer_no and changes.quarter_end = spikes.quarter_end
        group by changes.customer_no, changes.quarter_end, changes.changed_on
    ) as days on spikes.customer_no = days.customer_no and spikes.quarter_end = days.quarter_end
)

select
    customer_no,
    quarter_end,
    max(case when changed_on <= quarter_end and level - change_amount < {{ threshold('spike_share') }} * amount then changed_on end) as first_on,
    {{ plus_days("min(case when changed_on > quarter_end and level < " ~ threshold('spike_share') ~ " * amount then changed_on end)", -1) }} as last_on,
    amount
from levels
group by customer_no, quarter_end, amount
{%- endmacro %}
