-- list_idle_funds 活期沉淀: who leaves money idle that could earn more in a term or wealth product?
--
-- Who: demand money above what the customer's life needs, for at least 30 days, from 50 000.
-- Order: idle amount, risk level that allows wealth products, past wealth buying.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    idle_demand_balance as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where idle_demand_balance >= {{ threshold('idle_funds_from', rule) }}
{% endcall %}
