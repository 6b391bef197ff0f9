-- segment_core_depositor 核心存款: whose deposits carry the branch, and stay?
--
-- One row per customer who meets two of three: large time deposits; a year here with deposits renewed; three products, or
-- a relative who banks here too. Any one of them alone is common and says little.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where case when time_balance >= {{ threshold('core_depositor_time_from') }} then 1 else 0 end
    + case when tenure_months >= {{ threshold('core_depositor_months') }} and rollover_rate_12m > 0 then 1 else 0 end
    + case when product_count >= {{ threshold('core_depositor_products') }} or household_size > 1 then 1 else 0 end >= 2
