-- segment_walk_in 流量: who comes to the branch anyway?
--
-- One row per customer with a visit in the last 30 days.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where branch_visits_30d > 0
