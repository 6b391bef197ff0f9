-- report_maturity_ladder 到期结构视图: how much matures when, and how much of it is at risk?
--
-- One row per branch, month of maturity (this month and the twelve after) and term. At risk: does not roll over by itself.
select
    accounts.branch_id,
    cast(date_trunc('month', accounts.matures_on) as date) as matures_month,
    coalesce(accounts.term_months, 0) as term_months,
    cast(count(*) as integer) as deposit_count,
    cast(count(distinct accounts.customer_id) as integer) as customer_count,
    {{ money('sum(balances.balance)') }} as maturing_amount,
    {{ money('sum(case when coalesce(accounts.auto_rollover, false) then 0 else balances.balance end)') }} as at_risk_amount,
    {{ as_of_column() }}
from {{ ref('stg_core__accounts') }} as accounts
inner join {{ ref('deposit_accounts') }} as balances on accounts.account_id = balances.account_id
where accounts.account_type in ('time', 'cd', 'notice') and accounts.status = 'active' and balances.balance > 0
    and accounts.matures_on > {{ as_of() }} and accounts.matures_on <= last_day({{ plus_months(as_of(), 12) }})
group by accounts.branch_id, cast(date_trunc('month', accounts.matures_on) as date), coalesce(accounts.term_months, 0)
