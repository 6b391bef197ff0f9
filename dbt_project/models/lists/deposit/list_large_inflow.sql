-- list_large_inflow 大额流入: who has just received a large sum that is still here?
--
-- Who: a large external inflow in the last days, of which at least half still stands on demand accounts.
-- Order: amount, share still idle, relation to the customer's usual inflow.
{% call(rule) marketing_list() %}
with inflows as (
    select customer_id, max(amount) as large_inflow_amount, max(event_on) as large_inflow_on
    from {{ ref('customer_events') }}
    where event_code = 'large_inflow' and event_on >= {{ recent_since(threshold('large_inflow_days', rule)) }}
    group by customer_id
)

select
    inflows.customer_id as subject_id,
    inflows.large_inflow_amount as stake_amount,
    cast(null as date) as due_on,
    {{ money('inflows.large_inflow_amount') }} as large_inflow_amount,
    inflows.large_inflow_on
from inflows
inner join {{ ref('customer_labels') }} as labels on inflows.customer_id = labels.customer_id
where labels.demand_balance >= inflows.large_inflow_amount * {{ threshold('large_inflow_still_here', rule) }}
{% endcall %}
