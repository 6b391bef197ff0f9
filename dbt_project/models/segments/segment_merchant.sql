-- segment_merchant 收单商户: who takes payments through the bank?
--
-- One row per customer with a merchant contract that runs.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_merchant
