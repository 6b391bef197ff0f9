-- transfer_ties: which customers send each other money again and again?
--
-- One row per customer and other customer with at least 3 transfers in the last 6 months between their accounts here, as
-- booked on the customer's side, in or out. Accounts that deal with more than 50 others, on either side, are shops,
-- landlords or collecting accounts: they are left out before anybody is paired, so that an account that everyone pays
-- costs no more than its own transfers. A reversed transfer counts: also a mistaken one shows that the two know each other.
with transfers as (
    select moves.account_id, moves.counterparty_account, count(*) as transfer_count
    from {{ ref('inside_transfers') }} as moves
    -- before grouping: where banks are not delivered, nine of ten counterparties are accounts of other banks
    semi join {{ ref('stg_core__accounts') }} as accounts on moves.counterparty_account = accounts.account_id
    group by moves.account_id, moves.counterparty_account
),

crowded as (
    select account_id
    from transfers
    group by account_id
    having count(*) > {{ threshold('transfer_tie_max_counterparties') }}
    union
    select counterparty_account as account_id
    from transfers
    group by counterparty_account
    having count(*) > {{ threshold('transfer_tie_max_counterparties') }}
),

between_persons as (
    select transfers.account_id, transfers.counterparty_account, transfers.transfer_count
    from transfers
    anti join crowded on transfers.account_id = crowded.account_id
    anti join crowded as crowded_counterparties on transfers.counterparty_account = crowded_counterparties.account_id
)

select
    own.customer_id,
    others.customer_id as related_customer_id,
    cast(sum(between_persons.transfer_count) as integer) as transfer_count,
    {{ as_of_column() }}
from between_persons
inner join {{ ref('stg_core__accounts') }} as own on between_persons.account_id = own.account_id
inner join {{ ref('stg_core__accounts') }} as others on between_persons.counterparty_account = others.account_id
where own.customer_id <> others.customer_id
group by own.customer_id, others.customer_id
having sum(between_persons.transfer_count) >= {{ threshold('transfer_tie_min_transfers') }}
