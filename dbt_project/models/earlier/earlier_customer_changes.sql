{{ config(materialized='view') }}
-- earlier_customer_changes: by how much had a customer's money here changed, and when, by the earlier days?
--
-- One row per account or investment and day of change, as customer_balance_changes, by the owners that accounts had then.
select
    accounts.customer_no,
    changes.changed_on,
    changes.change_amount,
    changes.as_of
from {{ ref('earlier_balance_changes') }} as changes
inner join {{ ref('earlier_accounts') }} as accounts on changes.account_no = accounts.account_no
where accounts.customer_no is not null
union all
select
    customer_no,
    changed_on,
    change_amount,
    as_of
from {{ ref('earlier_holding_changes') }}
