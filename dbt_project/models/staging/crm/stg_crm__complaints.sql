-- stg_crm__complaints: who complained, and is it settled?
--
-- One row per customer_id, opened_on and topic. A complaint is delivered when it is opened and again when it is closed:
-- the closing row replaces the opening one.
select *
from {{ source('crm', 'complaints') }}
where opened_on <= {{ as_of() }}
qualify row_number() over (
    partition by customer_id, opened_on, topic order by closed_on nulls last, severity nulls last
) = 1
