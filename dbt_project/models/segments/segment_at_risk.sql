-- segment_at_risk 流失预警: whose money is leaving, while there is still some to keep?
--
-- One row per customer in churn stage watch, warning or critical.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where churn_stage in ('watch', 'warning', 'critical')
