-- earlier_reversals: which transactions had been taken back by the end of the earlier days?
--
-- One row per transaction that one of those days names as reversed.
select distinct
    reversed_txn_id as txn_id,
    {{ as_of_column() }}
from {{ ref('stg_core__transactions') }}
where reversed_txn_id is not null and biz_date <= {{ earlier_to() }}
