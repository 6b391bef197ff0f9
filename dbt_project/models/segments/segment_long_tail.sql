-- segment_long_tail 长尾: who keeps too little here to be visited one by one?
--
-- One row per customer of the lowest value tier.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where value_tier = 'long_tail'
