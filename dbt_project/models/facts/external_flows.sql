{{ config(materialized='view') }}
-- external_flows: which movements brought customers money from outside, or took it there?
--
-- One row per transaction. Outside means: not another account of the same customer here. Interest, loan disbursals,
-- investments that mature or are bought, and reversals are no money from outside either. Whether the counterparty is the
-- customer is taken from is_own_name; where that is not delivered, from the counterparty's account. Own money at another
-- bank is outside. A transfer on a time, notice or cd account without another bank is the customer's own move.
select
    transactions.txn_id,
    accounts.customer_id,
    transactions.account_id,
    transactions.biz_date,
    transactions.direction,
    transactions.amount,
    transactions.txn_type,
    transactions.channel,
    transactions.counterparty_bank
from {{ ref('stg_core__transactions') }} as transactions
inner join {{ ref('stg_core__accounts') }} as accounts on transactions.account_id = accounts.account_id
left join {{ ref('stg_core__accounts') }} as own_accounts
    on accounts.customer_id = own_accounts.customer_id
    and own_accounts.account_id
        = case when transactions.is_own_name is null and transactions.counterparty_bank is null then transactions.counterparty_account end
where transactions.txn_type not in ('interest', 'loan_disbursal', 'investment', 'reversal')
    and not (coalesce(transactions.is_own_name, false) and transactions.counterparty_bank is null)
    and own_accounts.account_id is null
    and (accounts.account_type = 'demand' or transactions.counterparty_bank is not null or transactions.txn_type = 'cash')
