-- segment_wealth 财富: who has enough here to be advised?
--
-- One row per customer of the tiers wealth, platinum and diamond.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where value_tier in ('wealth', 'platinum', 'diamond')
