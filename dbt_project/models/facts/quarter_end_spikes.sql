-- quarter_end_spikes: who brought money for a quarter-end's date alone? 冲时点
--
-- One row per customer and quarter-end of the last 13 month-ends, ten days after which have passed. More than half of the
-- aum of that evening came in the five days to it, and more than half was gone ten days after it. The spike's days are
-- those around the quarter-end, without a gap, on which aum was at least half of it. Sums come from the few days around
-- quarter-ends alone; the level of the quarter-end itself is known already.
{% set quarters = [] %}
{% for month_end in month_ends(13) %}
    {% if month_end[5:7] in ['03', '06', '09', '12'] and age_of(month_end) | int >= 10 %}
        {% do quarters.append({
            'day': "cast('" ~ month_end ~ "' as date)",
            'age': age_of(month_end) | int,
            'aum': 'month_end_aum_' ~ loop.index ~ '_amount',
        }) %}
    {% endif %}
{% endfor %}
with quarter_ends as (
    {% for quarter in quarters -%}
    select
        customer_no,
        customer_id,
        {{ quarter.day }} as quarter_end,
        {{ quarter.age }} as age,
        {{ quarter.aum }} as amount
    from {{ ref('customer_balances') }}
    where {{ quarter.aum }} >= {{ threshold('spike_min_amount') }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

known as (
    select {{ days_between(as_of(), 'balances_from') }} as oldest_age
    from {{ ref('data_coverage') }}
),

-- changes of the five days to a quarter-end and of the ten after it
changes as (
    select
        customer_no,
        changed_on,
        case
            {%- for quarter in quarters %}
            when changed_on > {{ plus_days(quarter.day, -5) }} and changed_on <= {{ plus_days(quarter.day, 10) }} then {{ quarter.day }}
            {%- endfor %}
        end as quarter_end,
        change_amount
    from {{ ref('customer_balance_changes') }}
    where false
        {%- for quarter in quarters %}
        or (changed_on > {{ plus_days(quarter.day, -5) }} and changed_on <= {{ plus_days(quarter.day, 10) }})
        {%- endfor %}
),

movements as (
    select
        quarter_ends.customer_no,
        quarter_ends.customer_id,
        quarter_ends.quarter_end,
        quarter_ends.amount,
        sum(case when changes.changed_on <= quarter_ends.quarter_end then changes.change_amount else 0 end) as came_amount,
        -sum(case when changes.changed_on > quarter_ends.quarter_end then changes.change_amount else 0 end) as left_amount
    from quarter_ends
    cross join known
    inner join changes
        on quarter_ends.customer_no = changes.customer_no and quarter_ends.quarter_end = changes.quarter_end
    where quarter_ends.age + 5 <= known.oldest_age
    group by quarter_ends.customer_no, quarter_ends.customer_id, quarter_ends.quarter_end, quarter_ends.amount
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
        spikes.customer_id,
        spikes.quarter_end,
        spikes.amount,
        days.changed_on,
        days.change_amount,
        spikes.amount - spikes.came_amount + sum(days.change_amount) over (
            partition by days.customer_no, days.quarter_end order by days.changed_on nulls last
        ) as level
    from spikes
    inner join (
        select customer_no, quarter_end, changed_on, sum(change_amount) as change_amount
        from changes
        group by customer_no, quarter_end, changed_on
    ) as days on spikes.customer_no = days.customer_no and spikes.quarter_end = days.quarter_end
)

select
    customer_no,
    customer_id,
    quarter_end,
    max(case when changed_on <= quarter_end and level - change_amount < {{ threshold('spike_share') }} * amount then changed_on end) as first_on,
    {{ plus_days("min(case when changed_on > quarter_end and level < " ~ threshold('spike_share') ~ " * amount then changed_on end)", -1) }} as last_on,
    amount,
    {{ as_of_column() }}
from levels
group by customer_no, customer_id, quarter_end, amount
