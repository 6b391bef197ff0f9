-- segment_card_only 单卡: who uses one of our cards, and nothing else?
--
-- One row per customer who uses one kind of card alone.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where is_single_card
