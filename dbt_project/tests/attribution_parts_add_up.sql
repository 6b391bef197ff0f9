-- The parts of each branch's change of aum add up to what its customers hold now less what they held then.
with held as (
    select units.told_at as branch_id, month_ends.month_end, sum(month_ends.aum) as amount
    from {{ ref('customer_month_ends') }} as month_ends
    inner join {{ ref('stg_core__customers') }} as customers on month_ends.customer_id = customers.customer_id
    inner join {{ units() }} as units on customers.home_branch_id = units.branch_id
    group by units.told_at, month_ends.month_end
),

holds as (
    select units.told_at as branch_id, sum(balances.aum_amount) as amount, count(*) as customer_count
    from {{ ref('customer_balances') }} as balances
    inner join {{ ref('stg_core__customers') }} as customers on balances.customer_id = customers.customer_id
    inner join {{ units() }} as units on customers.home_branch_id = units.branch_id
    group by units.told_at
),

reported as (
    select branch_id, period, since_on, sum(change_amount) as change_amount, sum(customer_count) as customer_count
    from {{ ref('report_aum_attribution') }}
    group by branch_id, period, since_on
)

select reported.branch_id, reported.period, reported.change_amount, holds.amount - coalesce(held.amount, 0) as expected_amount
from reported
left join holds on reported.branch_id = holds.branch_id
left join held on reported.branch_id = held.branch_id and reported.since_on = held.month_end
where reported.change_amount <> holds.amount - coalesce(held.amount, 0) or reported.customer_count <> holds.customer_count
    or holds.amount is null
