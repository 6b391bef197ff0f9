-- customer_balance_changes: by how much did a customer's money here change, and when?
--
-- One row per account or holding and day on which its counted value changed. Every level, average and peak is made of
-- these changes: they are a third of the daily balances, and no customer × day table is ever needed. A balance counts
-- without its pledged part, an overdraft as 0. The first balance known is a change on its day.
with free_balances as (
    select
        account_id,
        biz_date,
        cast(greatest(balance - coalesce(pledged_amount, 0), 0) as decimal(18, 2)) as balance
    from {{ ref('stg_core__account_balances') }}
),

account_changes as (
    select
        account_id,
        biz_date as changed_on,
        cast(balance - lag(balance, 1, cast(0 as decimal(18, 2))) over (
            partition by account_id order by biz_date nulls last
        ) as decimal(18, 2)) as change_amount
    from free_balances
)

select
    accounts.customer_id,
    account_changes.changed_on,
    case when accounts.account_type = 'demand' then 'demand' else 'time' end as kind,
    account_changes.account_id as source_id,
    account_changes.change_amount,
    {{ as_of_column() }}
from account_changes
inner join {{ ref('stg_core__accounts') }} as accounts on account_changes.account_id = accounts.account_id
where account_changes.change_amount <> 0
union all
select
    customer_id,
    changed_on,
    'wealth' as kind,
    holding_id as source_id,
    change_amount,
    as_of
from {{ ref('holding_changes') }}
