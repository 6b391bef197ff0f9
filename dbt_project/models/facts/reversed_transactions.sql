-- reversed_transactions: which transactions were taken back later?
--
-- One row per transaction that a later one names as reversed.
select
    txn_id,
    {{ as_of_column() }}
from (
    select txn_id
    from {{ ref('earlier_reversals') }}
    union
    select reversed_txn_id as txn_id
    from {{ ref('stg_core__transactions') }}
    where reversed_txn_id is not null and biz_date > {{ earlier_to() }}
) as reversed
