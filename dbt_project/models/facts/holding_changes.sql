-- holding_changes: by how much did a customer's investments change in value, and when?
--
-- One row per holding and day of change. A holding counts from the day it was bought until the day it is redeemed or
-- matures, at its newest value known by each day, and before its first snapshot at that first value, so that buying
-- wealth is no outflow. One bought and left between two snapshots counts at its cost.
with spans as (
    select
        holding_id,
        max_by(customer_id, snapshot_on) as customer_id,
        min(least(bought_on, snapshot_on)) as bought_on,
        coalesce(
            least(
                max(case when redeemed_on <= {{ as_of() }} then redeemed_on end),
                max(case when matures_on <= {{ as_of() }} then matures_on end)
            ),
            case when max_by(status, snapshot_on) <> 'held' then min(case when status <> 'held' then snapshot_on end) end
        ) as left_on,
        max(coalesce(cost_amount, 0)) as cost_amount
    from {{ ref('stg_wealth__holdings_history') }}
    group by holding_id
),

known_values as (
    select
        spans.holding_id,
        spans.customer_id,
        spans.bought_on,
        history.snapshot_on,
        history.market_value,
        lag(history.market_value) over (partition by spans.holding_id order by history.snapshot_on nulls last) as value_before
    from spans
    inner join {{ ref('stg_wealth__holdings_history') }} as history on spans.holding_id = history.holding_id
    where spans.left_on is null or history.snapshot_on < spans.left_on
),

last_values as (
    select holding_id, max_by(market_value, snapshot_on) as market_value
    from known_values
    group by holding_id
),

changes as (
    select
        holding_id,
        customer_id,
        case when value_before is null then bought_on else snapshot_on end as changed_on,
        market_value - coalesce(value_before, 0) as change_amount
    from known_values
    union all
    select spans.holding_id, spans.customer_id, spans.bought_on as changed_on, spans.cost_amount as change_amount
    from spans
    left join last_values on spans.holding_id = last_values.holding_id
    where last_values.holding_id is null
    union all
    select
        spans.holding_id,
        spans.customer_id,
        spans.left_on as changed_on,
        -coalesce(last_values.market_value, spans.cost_amount) as change_amount
    from spans
    left join last_values on spans.holding_id = last_values.holding_id
    where spans.left_on is not null
)

select
    holding_id,
    customer_id,
    changed_on,
    {{ money('sum(change_amount)') }} as change_amount,
    {{ as_of_column() }}
from changes
group by holding_id, customer_id, changed_on
having sum(change_amount) <> 0
