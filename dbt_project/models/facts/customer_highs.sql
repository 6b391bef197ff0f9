-- customer_highs: of customers whose money has nearly all gone, how high did their aum stand in the last 30 days?
--
-- One row per customer whose 30-day average, today or at a month-end before (columns as in customer_peaks), lies below the
-- share of the peak that counts as lost: of nobody else can every evening lie below it. Today's is held against the
-- highest of all that an episode may have fixed as its peak as well.
{% set points = churn_points() %}
{% set peaks = ['balances.avg_90d_amount'] %}
{% for point in points %}
    {% do peaks.extend([
        'peaks.peak_' ~ loop.index0 ~ '_amount', 'peaks.avg_90d_' ~ loop.index0 ~ '_amount', 'balances.' ~ point.average
    ]) %}
{% endfor %}
with emptied as (
    select
        balances.customer_id,
        balances.customer_no
    from {{ ref('customer_balances') }} as balances
    left join {{ ref('customer_peaks') }} as peaks on balances.customer_id = peaks.customer_id
    where balances.avg_30d_amount < {{ threshold('churn_lost_share') }} * greatest({{ peaks | join(', ') }})
        {%- for point in points[1:] %}
        or balances.{{ point.average }} < {{ threshold('churn_lost_share') }} * peaks.peak_{{ loop.index }}_amount
        {%- endfor %}
),

changes as (
    {{ aged_changes_of('emptied') }}
    union all
    -- the level that a point's 30 days begin with
    select emptied.customer_no, days.age, 0 as cents
    from emptied
    cross join (
        {% for point in points -%}
        select {{ point.age + 29 }} as age
        {{ 'union all' if not loop.last }}
        {% endfor -%}
    ) as days
),

levels as (
    select
        customer_no,
        age,
        cast(sum(cents) over (partition by customer_no order by age desc nulls last) as bigint) as level
    from changes
),

highs as (
    select
        customer_no,
        {%- for point in points %}
        max(case when age between {{ point.age }} and {{ point.age + 29 }} then level end) as high_{{ loop.index0 }}{{ ',' if not loop.last }}
        {%- endfor %}
    from levels
    group by customer_no
)

select
    emptied.customer_id,
    {%- for point in points %}
    {{ from_cents('highs.high_' ~ loop.index0) }} as high_30d_{{ loop.index0 }}_amount,
    {%- endfor %}
    {{ as_of_column() }}
from highs
inner join emptied on highs.customer_no = emptied.customer_no
