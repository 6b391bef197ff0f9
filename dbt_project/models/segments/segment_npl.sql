-- segment_npl 不良: who owes what will hardly come back?
--
-- One row per customer with bad debt.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_npl
