-- own_name_transfers: what did customers move between here and their own accounts at other banks?
--
-- One row per transfer of the last six months with the own name at another bank. Wallets are no bank: neither what goes
-- through one, nor what a pattern of kind wallet says of the other bank. What was reversed later is left out.
with moves as (
    select * from (
        {{ own_name_moves('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
    ) as later
    union all
    select txn_id, account_no, biz_date, direction, amount, counterparty_bank from {{ ref('earlier_own_transfers') }}
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
inner join {{ ref('deposit_accounts') }} as accounts on moves.account_no = accounts.account_no
anti join {{ ref('reversed_transactions') }} as reversed on moves.txn_id = reversed.txn_id
