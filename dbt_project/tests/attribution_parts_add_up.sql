-- The parts of each branch's change of aum in the running month add up to the changes of its customers' balances in it.
-- The other periods are told by the same arithmetic; to add up a year's changes each day would cost more than the report.
with reported as (
    select branch_id, period, since_on, sum(change_amount) as change_amount
    from {{ ref('report_aum_attribution') }}
    where since_on = (select max(report.since_on) from {{ ref('report_aum_attribution') }} as report)
    group by branch_id, period, since_on
),

moved as (
    select units.told_at as branch_id, sum(changes.change_amount) as amount
    from {{ ref('customer_balance_changes') }} as changes
    inner join {{ ref('customer_balances') }} as balances on changes.customer_no = balances.customer_no
    inner join {{ ref('stg_core__customers') }} as customers on balances.customer_id = customers.customer_id
    inner join {{ units() }} as units on customers.home_branch_id = units.branch_id
    where changes.changed_on > (select max(report.since_on) from {{ ref('report_aum_attribution') }} as report)
    group by units.told_at
)

select reported.branch_id, reported.period, reported.change_amount, coalesce(moved.amount, 0) as moved_amount
from reported
left join moved on reported.branch_id = moved.branch_id
where reported.change_amount <> coalesce(moved.amount, 0)
