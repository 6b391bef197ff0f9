-- segment_ladies 丽人: which women spend on themselves and a young family?
--
-- One row per customer who is a woman of 25 to 45 with three such purchases in 90 days.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where gender = 'F' and age >= {{ threshold('ladies_age_from') }} and age <= {{ threshold('ladies_age_to') }}
    and coalesce(beauty_90d_count, 0) + coalesce(beauty_card_90d_count, 0) >= {{ threshold('ladies_purchases') }}
