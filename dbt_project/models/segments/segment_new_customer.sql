-- segment_new_customer 新客蜜月: who has just come to the bank?
--
-- One row per customer of the last 90 days.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_new_customer
