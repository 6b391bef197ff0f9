{{ config(materialized='view') }}
-- outside_movements: what went to, or came from, other banks, wallets, brokers and wealth companies?
--
-- One row per transaction: transfers with another bank or wallet, and investments outside; every one of the last 90 days
-- (back to the list date before, after a long holiday), and those of 1 000 and more of the year before, which is what
-- explains a loss. `kind` is the first that holds: securities (the other side is a broker, patterns.csv), wealth (an
-- investment, or the other side is a wealth company), own_name (the same person), other. What was reversed later is left
-- out, and so is the reversal. A view: written out, the rows of earlier days would cost more than to look up whose they are.
select
    movements.txn_id,
    accounts.customer_id,
    accounts.customer_no,
    movements.biz_date,
    movements.direction,
    movements.amount,
    movements.kind,
    movements.counterparty_bank,
    {{ as_of_column() }}
from (
    select * from {{ ref('earlier_movements') }}
    union all
    select * from {{ ref('later_movements') }}
) as movements
inner join {{ ref('deposit_accounts') }} as accounts on movements.account_no = accounts.account_no
anti join {{ ref('reversed_transactions') }} as reversed on movements.txn_id = reversed.txn_id
