-- segment_dormant 睡眠: who has not done anything here for half a year?
--
-- One row per dormant customer.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_dormant
