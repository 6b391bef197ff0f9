{{ config(materialized='view') }}
-- external_flows: which movements brought customers money from outside, or took it there?
--
-- One row per transaction. Outside means: not another account of the same customer here. Interest, loan disbursals,
-- investments that mature or are bought, and reversals are no money from outside either. Whether the counterparty is the
-- customer is taken from is_own_name; where that is not delivered, from the counterparty's account. Own money at another
-- bank is outside. A transfer on a time, notice or cd account without another bank is the customer's own move.
{% set columns = ['txn_id', 'account_id', 'biz_date', 'direction', 'amount', 'txn_type', 'channel', 'counterparty_bank'] %}
with plain_flows as (
    {{ outside_candidates(columns) }}
        and not {{ is_asked_flow() }}
),

asked_flows as (
    {{ outside_candidates(columns) }}
        and {{ is_asked_flow() }}
)

{{ outside_flows('plain_flows', 'asked_flows', 'account_id', columns) }}
