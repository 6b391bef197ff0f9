-- segment_card_honeymoon 用卡蜜月: whose credit card is in its first three months?
--
-- One row per customer in card stage honeymoon.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where card_stage = 'honeymoon'
