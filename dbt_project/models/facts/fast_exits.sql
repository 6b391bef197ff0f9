-- fast_exits: who moved a large part of everything to another bank or a broker in one day?
--
-- One row per customer and day of the last 30 days (longer after a long holiday). Own-name and securities outflow of
-- the day, less what came back that day the same ways, against the aum of the evening before.
with days as (
    select
        customer_id,
        biz_date as exit_on,
        cast(sum(case when direction = 'out' then amount else -amount end) as decimal(18, 2)) as exit_amount
    from {{ ref('outside_movements') }}
    where kind in ('own_name', 'securities') and biz_date >= {{ recent_since(30) }}
    group by customer_id, biz_date
    having sum(case when direction = 'out' then amount else -amount end) >= {{ threshold('fast_exit_amount') }}
),

exits as (
    select days.*, balances.customer_no, balances.aum_amount
    from {{ ref('customer_balances') }} as balances
    inner join days on balances.customer_id = days.customer_id
),

-- what the balances have changed by since the evening before
changes as (
    select exits.customer_no, exits.exit_on, sum(all_changes.change_amount) as change_amount
    from {{ ref('customer_balance_changes') }} as all_changes
    inner join exits on all_changes.customer_no = exits.customer_no and all_changes.changed_on >= exits.exit_on
    where all_changes.changed_on >= {{ recent_since(30) }}
    group by exits.customer_no, exits.exit_on
),

before as (
    select
        exits.customer_id,
        exits.exit_on,
        exits.exit_amount,
        exits.aum_amount - coalesce(changes.change_amount, 0) as aum_before_amount
    from exits
    left join changes on exits.customer_no = changes.customer_no and exits.exit_on = changes.exit_on
)

select
    customer_id,
    exit_on,
    {{ money('exit_amount') }} as exit_amount,
    {{ money('aum_before_amount') }} as aum_before_amount,
    {{ as_of_column() }}
from before
where exit_amount >= {{ threshold('fast_exit_share') }} * aum_before_amount
