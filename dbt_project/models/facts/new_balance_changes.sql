-- new_balance_changes: by how much did a customer's money here change since the earlier days?
--
-- One row per account or holding and day on which its counted value changed. A balance counts without its pledged part, an
-- overdraft as 0. The first balance known is a change on its day. Accounts and customers are numbers here
-- (deposit_accounts, customer_numbers). Of an account the days that were built ahead stand in earlier_balance_changes; an
-- investment has no account and comes with all its days, since a new snapshot may tell another past.
with account_changes as (
    {{ balance_changes(
        ref('deposit_accounts'), 'biz_date > ' ~ earlier_to(), 'earlier_balance', ['customer_no', 'account_type']
    ) }}
)

select
    customer_no,
    account_no,
    account_type = 'demand' as is_demand,
    changed_on,
    change_amount,
    {{ as_of_column() }}
from account_changes
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
