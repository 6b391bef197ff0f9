-- reversed_transactions: which transactions were taken back later?
--
-- One row per transaction that a later one names as reversed.
select distinct
    reversed_txn_id as txn_id,
    {{ as_of_column() }}
from {{ ref('stg_core__transactions') }}
where reversed_txn_id is not null
