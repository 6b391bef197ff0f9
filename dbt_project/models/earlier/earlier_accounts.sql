-- earlier_accounts: what did each deposit account hold on the last of the earlier days, and what had it held at most?
--
-- One row per account, or id that balances or transactions name as one. The other earlier models speak of accounts by
-- these numbers; deposit_accounts keeps them. The customer is who had the account then; null where nobody is known.
-- A balance counts without its pledged part, and an overdraft as 0; of an account without balances it is null.
with balances as (
    {{ account_levels('biz_date <= ' ~ earlier_to()) }}
),

moved as (
    select distinct account_id
    from {{ ref('stg_core__transactions') }}
    where biz_date <= {{ earlier_to() }}
),

held as (
    select account_id, customer_id
    from {{ ref('stg_core__accounts') }}
    where {{ is_built_ahead() }}
),

ids as (
    select account_id from balances
    union
    select account_id from moved
    union
    select account_id from held
)

select
    ids.account_id,
    cast(row_number() over (order by ids.account_id nulls last) as integer) as account_no,
    customers.customer_no,
    cast(balances.balance as decimal(18, 2)) as balance,
    cast(balances.largest_balance as decimal(18, 2)) as largest_balance,
    balances.first_balance_on,
    {{ as_of_column() }}
from ids
left join held on ids.account_id = held.account_id
left join {{ ref('earlier_customers') }} as customers on held.customer_id = customers.customer_id
left join balances on ids.account_id = balances.account_id
