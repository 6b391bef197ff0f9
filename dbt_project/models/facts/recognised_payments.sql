-- recognised_payments: which transactions tell by their texts what they were for?
--
-- One row per transaction: of the last 180 days what was paid to somebody, of the last 90 also what a lender paid in.
-- `kind` is the first below of which a pattern (patterns.csv) stands in the counterparty's name or the memo, so that a
-- payment counts once; repayments to another bank are other_loan without any text. Moves to the own name are payments
-- only where they go to a lender. What was reversed later is left out.
with payments as (
    select * from (
        {{ payments_told_by_texts('biz_date > ' ~ earlier_to(), ref('deposit_accounts')) }}
    ) as later
    union all
    select txn_id, account_no, biz_date, direction, amount, kind, counterparty, counterparty_bank from {{ ref('earlier_payments') }}
)

select
    payments.txn_id,
    accounts.customer_id,
    payments.biz_date,
    payments.direction,
    payments.amount,
    payments.kind,
    payments.counterparty,
    payments.counterparty_bank,
    {{ as_of_column() }}
from payments
inner join {{ ref('deposit_accounts') }} as accounts on payments.account_no = accounts.account_no
anti join {{ ref('reversed_transactions') }} as reversed on payments.txn_id = reversed.txn_id
