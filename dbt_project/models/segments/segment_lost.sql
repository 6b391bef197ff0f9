-- segment_lost 流失: whose money is gone?
--
-- One row per customer in churn stage lost.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where churn_stage = 'lost'
