-- own_name_transfers: what did customers move between here and their own accounts at other banks?
--
-- One row per transfer of the last six months with the own name at another bank. Wallets are no bank: neither what goes
-- through one, nor what a pattern of kind wallet says of the other bank. What was reversed later is left out.
with moves as (
    select
        txn_id,
        account_id,
        biz_date,
        direction,
        amount,
        counterparty_bank
    from {{ ref('stg_core__transactions') }}
    where txn_type in ('transfer', 'standing_order', 'loan_repayment')
        and biz_date > {{ plus_months(as_of(), -6) }}
        and channel <> 'third_party'
        and is_own_name
        and counterparty_bank is not null
),

banks as (
    select distinct counterparty_bank
    from moves
),

wallets as (
    select distinct banks.counterparty_bank
    from banks
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'wallet' and lower(banks.counterparty_bank) like concat('%', lower(patterns.pattern), '%')
)

select
    moves.txn_id,
    accounts.customer_id,
    moves.biz_date,
    moves.direction,
    moves.amount,
    moves.counterparty_bank,
    {{ as_of_column() }}
from moves
inner join {{ ref('stg_core__accounts') }} as accounts on moves.account_id = accounts.account_id
anti join wallets on moves.counterparty_bank = wallets.counterparty_bank
anti join {{ ref('reversed_transactions') }} as reversed on moves.txn_id = reversed.txn_id
