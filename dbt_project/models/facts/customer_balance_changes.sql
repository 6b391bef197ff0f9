{{ config(materialized='view') }}
-- customer_balance_changes: by how much did a customer's money here change, and when?
--
-- One row per account or holding and day on which its counted value changed. Every level, average and peak is made of
-- these changes: they are a third of the daily balances, and no customer × day table is ever needed. Customers and accounts
-- are numbers here (customer_numbers, deposit_accounts); an investment has no account.
select
    customer_no,
    account_no,
    is_demand,
    changed_on,
    change_amount,
    as_of
from {{ ref('new_balance_changes') }}
union all
select
    accounts.customer_no,
    changes.account_no,
    accounts.account_type = 'demand' as is_demand,
    changes.changed_on,
    changes.change_amount,
    changes.as_of
from {{ ref('earlier_balance_changes') }} as changes
inner join {{ ref('deposit_accounts') }} as accounts on changes.account_no = accounts.account_no
