-- deposit_accounts: what does each deposit account hold, and what did it hold at most?
--
-- One row per account. A balance counts without its pledged part, and an overdraft as 0. `largest_balance` is the sum
-- that a time deposit was made for, also after it was paid out; `first_balance_on` before `opened_on` shows that the
-- account was rolled over. `earlier_balance` is the one on the last of the earlier days. The numbers are the keys of
-- customer_balance_changes.
with balances as (
    {{ account_levels('biz_date > ' ~ earlier_to()) }}
),

unnumbered as (
    select
        accounts.account_id,
        row_number() over (order by accounts.account_id nulls last) as place
    from {{ ref('stg_core__accounts') }} as accounts
    anti join {{ ref('earlier_accounts') }} as earlier on accounts.account_id = earlier.account_id
),

numbered as (
    select coalesce(max(account_no), 0) as last_no
    from {{ ref('earlier_accounts') }}
)

select
    accounts.account_id,
    cast(coalesce(earlier.account_no, numbered.last_no + unnumbered.place) as integer) as account_no,
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
    {{ money('coalesce(balances.balance, earlier.balance, 0)') }} as balance,
    {{ money('greatest(coalesce(balances.largest_balance, 0), coalesce(earlier.largest_balance, 0))') }} as largest_balance,
    coalesce(earlier.first_balance_on, balances.first_balance_on) as first_balance_on,
    {{ money('coalesce(earlier.balance, 0)') }} as earlier_balance,
    {{ as_of_column() }}
from {{ ref('stg_core__accounts') }} as accounts
cross join numbered
left join {{ ref('customer_numbers') }} as customer_numbers on accounts.customer_id = customer_numbers.customer_id
left join {{ ref('earlier_accounts') }} as earlier on accounts.account_id = earlier.account_id
left join unnumbered on accounts.account_id = unnumbered.account_id
left join balances on accounts.account_id = balances.account_id
