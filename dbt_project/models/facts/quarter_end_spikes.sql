-- quarter_end_spikes: who brought money for a quarter-end's date alone? 冲时点
--
-- One row per customer and quarter-end of the last 13 month-ends, ten days after which have passed. More than half of the
-- aum of that evening came in the five days to it, and more than half was gone ten days after it. The spike's days are
-- those around the quarter-end, without a gap, on which aum was at least half of it. Sums come from the few days around
-- quarter-ends alone; the level of the quarter-end itself is known already.
with spikes as (
    {{ spikes_of(ref('customer_balance_sums'), ref('customer_balance_changes'), ref('data_coverage')) }}
)

select
    spikes.customer_no,
    customer_numbers.customer_id,
    spikes.quarter_end,
    spikes.first_on,
    spikes.last_on,
    spikes.amount,
    {{ as_of_column() }}
from {{ ref('customer_numbers') }} as customer_numbers
inner join spikes on customer_numbers.customer_no = spikes.customer_no
