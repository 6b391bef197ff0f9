-- The parts of each branch's change of aum add up to the changes of its customers' balances since then.
with moved as (
    select units.told_at as branch_id, changes.changed_on, sum(changes.change_amount) as amount
    from {{ ref('customer_balance_changes') }} as changes
    inner join {{ ref('customer_balances') }} as balances on changes.customer_no = balances.customer_no
    inner join {{ ref('stg_core__customers') }} as customers on balances.customer_id = customers.customer_id
    inner join {{ units() }} as units on customers.home_branch_id = units.branch_id
    where changes.changed_on > (select min(report.since_on) from {{ ref('report_aum_attribution') }} as report)
    group by units.told_at, changes.changed_on
),

reported as (
    select branch_id, period, since_on, sum(change_amount) as change_amount
    from {{ ref('report_aum_attribution') }}
    group by branch_id, period, since_on
)

select reported.branch_id, reported.period, reported.change_amount, coalesce(sum(moved.amount), 0) as moved_amount
from reported
left join moved on reported.branch_id = moved.branch_id and reported.since_on < moved.changed_on
group by reported.branch_id, reported.period, reported.change_amount
having reported.change_amount <> coalesce(sum(moved.amount), 0)
