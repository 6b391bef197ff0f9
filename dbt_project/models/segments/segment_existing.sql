-- segment_existing 存量: who is a customer?
--
-- One row per customer who lives.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where not is_deceased
