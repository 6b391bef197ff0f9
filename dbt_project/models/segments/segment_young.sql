-- segment_young 青年/新市民: who begins a life here?
--
-- One row per customer of 18 to 34 who is new to the bank, or pays rent.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where age >= {{ threshold('young_age_from') }} and age <= {{ threshold('young_age_to') }}
    and (tenure_months <= {{ threshold('young_tenure_months') }} or rent_90d_amount > 0)
