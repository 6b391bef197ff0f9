-- segment_private 私行: who is a private-banking customer?
--
-- One row per customer of the tier private.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where value_tier = 'private'
