-- segment_mortgage 按揭: who is paying for a home here?
--
-- One row per customer with a mortgage that runs.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where has_mortgage
