-- customer_balance_changes: by how much did a customer's money here change, and when?
--
-- One row per account or holding and day on which its counted value changed. Every level, average and peak is made of
-- these changes: they are a third of the daily balances, and no customer × day table is ever needed. A balance counts
-- without its pledged part, an overdraft as 0. The first balance known is a change on its day. Customers and accounts
-- are numbers here (customer_numbers, deposit_accounts); an investment has no account.
with free_balances as (
    select
        accounts.customer_no,
        accounts.account_no,
        accounts.account_type = 'demand' as is_demand,
        balances.biz_date,
        cast(greatest(balances.balance - coalesce(balances.pledged_amount, 0), 0) as decimal(18, 2)) as balance
    from {{ ref('stg_core__account_balances') }} as balances
    inner join {{ ref('deposit_accounts') }} as accounts on balances.account_id = accounts.account_id
),

account_changes as (
    select
        customer_no,
        account_no,
        is_demand,
        biz_date as changed_on,
        cast(balance - lag(balance, 1, cast(0 as decimal(18, 2))) over (
            partition by account_no order by biz_date nulls last
        ) as decimal(18, 2)) as change_amount
    from free_balances
)

select
    customer_no,
    account_no,
    is_demand,
    changed_on,
    change_amount,
    {{ as_of_column() }}
from account_changes
where change_amount <> 0
union all
select
    customer_numbers.customer_no,
    cast(null as integer) as account_no,
    false as is_demand,
    changes.changed_on,
    changes.change_amount,
    changes.as_of
from {{ ref('holding_changes') }} as changes
inner join {{ ref('customer_numbers') }} as customer_numbers on changes.customer_id = customer_numbers.customer_id
