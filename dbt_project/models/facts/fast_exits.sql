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

before as (
    select
        days.customer_id,
        days.exit_on,
        max(days.exit_amount) as exit_amount,
        max(balances.aum_amount) - coalesce(sum(changes.change_amount), 0) as aum_before_amount
    from days
    inner join {{ ref('customer_balances') }} as balances on days.customer_id = balances.customer_id
    left join {{ ref('customer_balance_changes') }} as changes
        on balances.customer_no = changes.customer_no and days.exit_on <= changes.changed_on
    group by days.customer_id, days.exit_on
)

select
    customer_id,
    exit_on,
    {{ money('exit_amount') }} as exit_amount,
    {{ money('aum_before_amount') }} as aum_before_amount,
    {{ as_of_column() }}
from before
where exit_amount >= {{ threshold('fast_exit_share') }} * aum_before_amount
