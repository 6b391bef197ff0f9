-- earlier_balance_changes: by how much did the counted balances of deposit accounts change on earlier days?
--
-- One row per account and day of change, as in new_balance_changes; accounts are the numbers of earlier_accounts.
with changes as (
    {{ balance_changes(ref('earlier_accounts'), 'biz_date <= ' ~ earlier_to(), '0') }}
)

select
    account_no,
    changed_on,
    change_amount,
    {{ as_of_column() }}
from changes
