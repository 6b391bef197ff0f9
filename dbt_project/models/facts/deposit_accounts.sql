-- deposit_accounts: what does each deposit account hold, and what did it hold at most?
--
-- One row per account. A balance counts without its pledged part, and an overdraft as 0. `largest_balance` is the sum
-- that a time deposit was made for, also after it was paid out; `first_balance_on` before `opened_on` shows that the
-- account was rolled over. The numbers are the keys of customer_balance_changes.
with balances as (
    select
        account_id,
        max_by(greatest(balance - coalesce(pledged_amount, 0), 0), biz_date) as balance,
        max(greatest(balance - coalesce(pledged_amount, 0), 0)) as largest_balance,
        min(biz_date) as first_balance_on
    from {{ ref('stg_core__account_balances') }}
    group by account_id
)

select
    accounts.account_id,
    cast(row_number() over (order by accounts.account_id nulls last) as integer) as account_no,
    accounts.customer_id,
    customer_numbers.customer_no,
    accounts.account_type,
    accounts.opened_on,
    accounts.matures_on,
    accounts.term_months,
    accounts.annual_rate,
    accounts.auto_rollover,
    accounts.status,
    accounts.closed_on,
    {{ money('coalesce(balances.balance, 0)') }} as balance,
    {{ money('coalesce(balances.largest_balance, 0)') }} as largest_balance,
    balances.first_balance_on,
    {{ as_of_column() }}
from {{ ref('stg_core__accounts') }} as accounts
left join {{ ref('customer_numbers') }} as customer_numbers on accounts.customer_id = customer_numbers.customer_id
left join balances on accounts.account_id = balances.account_id
