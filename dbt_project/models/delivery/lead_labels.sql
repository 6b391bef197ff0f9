-- lead_labels: what was known of each customer who was shown or held out today, on the day it was decided?
--
-- One row per customer with a listed or held-out decision; every label. Kept for ever, so that lists can be judged and
-- learnt from long after the day's other labels are gone.
select labels.*
from {{ ref('customer_labels') }} as labels
semi join (
    select subject_id
    from {{ ref('decisions') }}
    where state in ('listed', 'held_out')
) as decided on labels.customer_id = decided.subject_id
