-- report_aum_attribution 指标归因: why did each branch's aum change: who came, who left, who rose, who fell?
--
-- One row per home branch, period (month, quarter, year: since the last such end before the business date) and part;
-- customers who moved between value tiers also by the tier then and now. Every customer stands in one part of a period,
-- so that the parts add up to the change. Both tiers are told alike by the 30-day average of their day alone: a tier that
-- an earlier average still holds up has moved no money. Below attribution_from a customer holds nothing that counts.
{% set ends = month_ends(13) %}
{% set starts = {} %}
{% for month_end in ends if month_end < var('as_of') %}
    {% set place = ends.index(month_end) + 1 %}
    {% for period, months in {'month': 1, 'quarter': 3, 'year': 12}.items() %}
        {% if period not in starts and (month_end[5:7] | int) % months == 0 %}
            {% do starts.update({period: {'day': month_end, 'place': place}}) %}
        {% endif %}
    {% endfor %}
{% endfor %}
with customers as (
    select
        units.told_at as branch_id,
        {{ tier_rank('balances.avg_30d_amount') }} as rank_now,
        balances.*
    from {{ ref('customer_balances') }} as balances
    inner join {{ ref('stg_core__customers') }} as customers on balances.customer_id = customers.customer_id
    inner join {{ units() }} as units on customers.home_branch_id = units.branch_id
),

changes as (
    {% for period, start in starts.items() -%}
    select
        branch_id,
        '{{ period }}' as period,
        cast('{{ start.day }}' as date) as since_on,
        month_end_aum_{{ start.place }}_amount as aum_then,
        aum_amount as aum_now,
        {{ tier_rank('month_end_avg_30d_' ~ start.place ~ '_amount') }} as rank_then,
        rank_now
    from customers
    where month_end_aum_{{ start.place }}_amount is not null
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

parts as (
    select
        *,
        case
            when aum_then < {{ threshold('attribution_from') }} and aum_now >= {{ threshold('attribution_from') }} then 'new'
            when aum_then >= {{ threshold('attribution_from') }} and aum_now < {{ threshold('attribution_from') }} then 'lost'
            when rank_now > rank_then then 'tier_up'
            when rank_now < rank_then then 'tier_down'
            when aum_now > aum_then then 'up'
            when aum_now < aum_then then 'down'
            else 'same'
        end as part
    from changes
)

select
    branch_id,
    period,
    since_on,
    part,
    case when part in ('tier_up', 'tier_down') then {{ tier_of('rank_then') }} end as from_tier,
    case when part in ('tier_up', 'tier_down') then {{ tier_of('rank_now') }} end as to_tier,
    cast(count(*) as integer) as customer_count,
    {{ money('sum(aum_then)') }} as aum_then_amount,
    {{ money('sum(aum_now)') }} as aum_now_amount,
    {{ money('sum(aum_now - aum_then)') }} as change_amount,
    {{ as_of_column() }}
from parts
group by
    branch_id,
    period,
    since_on,
    part,
    case when part in ('tier_up', 'tier_down') then {{ tier_of('rank_then') }} end,
    case when part in ('tier_up', 'tier_down') then {{ tier_of('rank_now') }} end
