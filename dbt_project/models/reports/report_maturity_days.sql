-- report_maturity_days 到期日历: on which of the next days do many customers come about a maturing deposit?
--
-- One row per open branch and day of the two weeks after the business date, days without a maturity too. A peak day, for
-- which the branch puts more people at the counter, has maturity_peak_ratio times the mean of the 14 days, and
-- maturity_peak_customers at least: below that the usual staff copes.
{% set py = modules.datetime -%}
{% set day = py.date.fromisoformat(var('as_of')) -%}
with days as (
    {% for number in range(1, 15) %}
    select cast('{{ day + py.timedelta(days=number) }}' as date) as matures_on
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

maturing as (
    select
        accounts.branch_id,
        accounts.matures_on,
        count(*) as deposit_count,
        count(distinct accounts.customer_id) as customer_count,
        sum(balances.balance) as maturing_amount,
        sum(case when coalesce(accounts.auto_rollover, false) then 0 else balances.balance end) as at_risk_amount
    from {{ ref('stg_core__accounts') }} as accounts
    inner join {{ ref('deposit_accounts') }} as balances on accounts.account_id = balances.account_id
    where accounts.account_type in ('time', 'cd', 'notice') and accounts.status = 'active' and balances.balance > 0
        and accounts.matures_on > {{ as_of() }} and accounts.matures_on <= {{ plus_days(as_of(), 14) }}
    group by accounts.branch_id, accounts.matures_on
)

select
    branches.branch_id,
    days.matures_on,
    cast(coalesce(maturing.deposit_count, 0) as integer) as deposit_count,
    cast(coalesce(maturing.customer_count, 0) as integer) as customer_count,
    {{ money('coalesce(maturing.maturing_amount, 0)') }} as maturing_amount,
    {{ money('coalesce(maturing.at_risk_amount, 0)') }} as at_risk_amount,
    coalesce(maturing.customer_count, 0) >= {{ threshold('maturity_peak_customers') }}
    and coalesce(maturing.customer_count, 0) * 14
        >= {{ threshold('maturity_peak_ratio') }} * sum(coalesce(maturing.customer_count, 0)) over (partition by branches.branch_id) as is_peak,
    {{ as_of_column() }}
from {{ ref('branch_capacity') }} as branches
cross join days
left join maturing on branches.branch_id = maturing.branch_id and days.matures_on = maturing.matures_on
